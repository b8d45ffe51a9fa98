/** Traces with settings that cannot be used, and with collectors that do not take them. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Context, Effect, Exit, Fiber, Layer, Logger, Queue, Scope } from "effect"
import { TestClock } from "effect/testing"
import { createServer, type Server, type Socket } from "node:net"
import * as Telemetry from "../../../src/layers/observability/Telemetry.ts"

/** The layer of traces with these variables, the messages that it logs, and what ends it. */
const started = Effect.fnUntraced(function*(env: Readonly<Record<string, string>>) {
  const messages = yield* Queue.unbounded<string>()
  const log = Logger.layer([Logger.make(({ message }) => void Queue.offerUnsafe(messages, String(message)))])
  const config = ConfigProvider.layer(ConfigProvider.fromEnv({ env: { ...env } }))
  const scope = yield* Scope.make()
  const context = yield* Layer.buildWithScope(
    Telemetry.traces({ nodeName: "worker-1", version: "test" }).pipe(Layer.provideMerge(Layer.merge(log, config))),
    scope
  )
  return { context, messages, end: Scope.close(scope, Exit.void) }
})

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" }

describe("the settings of traces", () => {
  it.effect.each(
    [
      [
        { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
        "there are no traces: OTEL_EXPORTER_OTLP_PROTOCOL is \"grpc\", but must be http/protobuf or http/json"
      ],
      [
        { ...endpoint, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" },
        "there are no traces: OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is \"grpc\", but must be http/protobuf or http/json"
      ],
      [
        { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" },
        "there are no traces: OTEL_EXPORTER_OTLP_ENDPOINT is \"collector:4318\", but must be an address with http:// or https://"
      ],
      [
        { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://" },
        "there are no traces: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is \"http://\", but must be an address with http:// or https://"
      ],
      [
        { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: "secret" },
        "there are no traces: OTEL_EXPORTER_OTLP_HEADERS is \"…\", but must be key=value,key=value with percent-encoded values"
      ],
      [
        { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: "a=%0d%0ab" },
        "there are no traces: OTEL_EXPORTER_OTLP_HEADERS is \"…\", but must be key=value,key=value with percent-encoded values"
      ],
      [
        { ...endpoint, OTEL_EXPORTER_OTLP_TIMEOUT: "10s" },
        "there are no traces: OTEL_EXPORTER_OTLP_TIMEOUT is \"10s\", but must be an integer of 0 or more"
      ],
      [
        { ...endpoint, OTEL_EXPORTER_OTLP_COMPRESSION: "zstd" },
        "there are no traces: OTEL_EXPORTER_OTLP_COMPRESSION is \"zstd\", but must be gzip or none"
      ],
      [
        { ...endpoint, OTEL_TRACES_EXPORTER: "zipkin" },
        "there are no traces: OTEL_TRACES_EXPORTER is \"zipkin\", but must be otlp"
      ],
      [
        { ...endpoint, OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.1" },
        "there are no traces: OTEL_TRACES_SAMPLER is \"traceidratio\", but must be always_on or parentbased_always_on"
      ],
      [
        { ...endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE: "/etc/ca.crt" },
        "there are no traces: OTEL_EXPORTER_OTLP_CERTIFICATE is \"/etc/ca.crt\", but must be absent: its authority belongs into NODE_EXTRA_CA_CERTS"
      ],
      [
        { ...endpoint, OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: "/etc/tls.crt" },
        "there are no traces: OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE is \"/etc/tls.crt\", but must be absent: client certificates are not supported"
      ],
      [
        { ...endpoint, OTEL_BSP_SCHEDULE_DELAY: "-1" },
        "there are no traces: OTEL_BSP_SCHEDULE_DELAY is \"-1\", but must be an integer of 0 or more"
      ]
    ] as const
  )("%j are told in one line, and cost the traces only", ([env, line]) =>
    Effect.gen(function*() {
      const { end, messages } = yield* started(env)
      assert.deepStrictEqual(yield* Queue.takeAll(messages), [line])
      yield* end
    }))

  it.effect("are not told of OTEL_RESOURCE_ATTRIBUTES as a defect", () =>
    Effect.gen(function*() {
      const { end, messages } = yield* started({ ...endpoint, OTEL_RESOURCE_ATTRIBUTES: "a=%ZZ" })
      assert.match(yield* Queue.take(messages), /^there are no traces: .*/)
      yield* end
    }))

  it.effect.each(
    [
      [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }],
      [{ ...endpoint, OTEL_SDK_DISABLED: "true", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }],
      [{ ...endpoint, OTEL_TRACES_EXPORTER: "none", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }],
      [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }],
      [{ ...endpoint, OTEL_TRACES_SAMPLER: "always_off", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }],
      [{ ...endpoint, OTEL_TRACES_SAMPLER: "parentbased_always_on" }],
      [{
        ...endpoint,
        OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20x, tenant=a",
        OTEL_EXPORTER_OTLP_TIMEOUT: ""
      }]
    ] as const
  )("%j are nothing to tell of", ([env]) =>
    Effect.gen(function*() {
      const { end, messages } = yield* started(env)
      assert.strictEqual(yield* Queue.size(messages), 0)
      yield* end
    }))
})

/** A server that does with each connection what it is told. */
const collector = (answer: (socket: Socket) => void) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly server: Server; readonly sockets: Set<Socket> }>((resume) => {
      const sockets = new Set<Socket>()
      const server = createServer((socket) => {
        sockets.add(socket.on("error", () => {}).on("data", () => answer(socket)))
      }).listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, sockets })))
    }),
    ({ server, sockets }) =>
      Effect.sync(() => {
        server.close()
        for (const socket of sockets) socket.destroy()
      })
  ).pipe(Effect.map(({ server }) => {
    const address = server.address()
    return { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}` }
  }))

const span = (context: Context.Context<never>) =>
  Effect.withSpan(Effect.void, "a span").pipe(Effect.provideContext(context))

describe("a collector of traces", () => {
  it.effect.each(
    [
      ["hangs", () => {}],
      ["never ends its answer", (socket: Socket) => void socket.write("HTTP/1.1 200 OK\r\n\r\n ")]
    ] as const
  )("that %s is told once, and costs a stop 200 ms", ([, answer]) =>
    Effect.gen(function*() {
      const { context, end, messages } = yield* started(yield* collector(answer))
      yield* span(context)
      // Its interval, then its time for an answer.
      yield* TestClock.adjust("5 seconds")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Queue.take(messages), "the collector of traces does not take them, trying again")
      for (let minute = 0; minute < 5; minute += 1) {
        yield* span(context)
        yield* TestClock.adjust("1 minute")
      }
      assert.strictEqual(yield* Queue.size(messages), 0)
      yield* span(context)
      const ending = yield* Effect.forkChild(end, { startImmediately: true })
      yield* TestClock.adjust("200 millis")
      yield* Fiber.join(ending)
    }).pipe(Effect.scoped))

  it.effect("that refuses is told once, and told when it takes them again", () =>
    Effect.gen(function*() {
      let status = "503 Service Unavailable"
      const { context, end, messages } = yield* started(
        yield* collector((socket) => void socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`))
      )
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.yieldNow, TestClock.adjust("1 second"))))
      yield* Effect.forkScoped(Effect.forever(Effect.delay(span(context), "1 second")))
      assert.strictEqual(yield* Queue.take(messages), "the collector of traces does not take them, trying again")
      status = "200 OK"
      assert.strictEqual(yield* Queue.take(messages), "the collector of traces takes them again")
      yield* end
    }).pipe(Effect.scoped))
})
