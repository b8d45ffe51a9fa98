/** The server of the daemon's ports with clients of every kind, on loopback and on the virtual clock of the test. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Fiber, Layer, Logger, Queue, Scope } from "effect"
import { TestClock } from "effect/testing"
import { connect, createServer, type Socket } from "node:net"
import * as Libc from "../../../src/layers/native/Libc.ts"
import { type Endpoint, layer, listen, patientLayer } from "../../../src/layers/observability/Endpoint.ts"
import * as HealthServer from "../../../src/layers/observability/HealthServer.ts"
import * as MetricsServer from "../../../src/layers/observability/MetricsServer.ts"
import { Health } from "../../../src/services/Health.ts"

const host = "127.0.0.1"
const patience = "5 seconds"

const endpoint = (body: string): Endpoint<never> => ({
  setting: "METRICS_PORT",
  port: 0,
  host,
  answers: new Map([["/metrics", Effect.succeed({ status: 200, contentType: "text/plain", body })]])
})

/** A client that is connected, writes `text` and reads until the connection ends. */
const client = Effect.fnUntraced(function*(port: number, text: string) {
  const connected = yield* Deferred.make<void>()
  const ended = yield* Deferred.make<string>()
  let received = ""
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() =>
      connect({ port, host, allowHalfOpen: true })
        .on("connect", () => Deferred.doneUnsafe(connected, Effect.void))
        .on("data", (bytes) => void (received += bytes.toString()))
        .on("error", () => {})
        .on("end", () => void socket.end())
        .on("close", () => Deferred.doneUnsafe(ended, Effect.sync(() => received)))
    ),
    (opened) => Effect.sync(() => opened.destroy())
  )
  socket.write(text)
  yield* Deferred.await(connected)
  return { socket, ended: Deferred.await(ended) }
})

const get = "GET /metrics HTTP/1.1\r\nHost: node\r\n\r\n"

const ask = (port: number, text: string) => Effect.flatMap(client(port, text), ({ ended }) => ended)

const isOpen = (socket: Socket) => Effect.sync(() => !socket.destroyed && !socket.readableEnded)

const ok = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: 8\r\n\r\n"

describe("an endpoint", () => {
  it.effect.each(
    [
      ["GET", get, `${ok}up{µ} 1`],
      ["a query", "GET /metrics?name=up HTTP/1.1\r\nHost: node\r\n\r\n", `${ok}up{µ} 1`],
      ["the form for proxies, and HTTP/1.0", "GET http://node:9091/metrics HTTP/1.0\r\n\r\n", `${ok}up{µ} 1`],
      ["HEAD", "HEAD /metrics HTTP/1.1\r\nHost: node\r\n\r\n", ok],
      ["an upgrade", "GET /metrics HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", `${ok}up{µ} 1`],
      ["a body that is announced", "GET /metrics HTTP/1.1\r\nContent-Length: 9\r\n\r\n", `${ok}up{µ} 1`],
      ["200 requests in one piece, once", get.repeat(200), `${ok}up{µ} 1`]
    ] as const
  )("answers %s", ([, text, answer]) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* ask(yield* listen(endpoint("up{µ} 1")), text), answer)
    }).pipe(Effect.scoped))

  it.effect.each(
    [
      ["another path", "GET / HTTP/1.1\r\n\r\n", "404 Not Found"],
      ["another method", "POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "405 Method Not Allowed"],
      ["CONNECT", "CONNECT node:443 HTTP/1.1\r\n\r\n", "400 Bad Request"],
      ["what is no HTTP", "\u0016\u0003\u0001\r\n\r\n", "400 Bad Request"],
      ["a long path without a version", `GET /${"a".repeat(4000)} X\r\n\r\n`, "400 Bad Request"],
      ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 Bad Request"],
      ["4 KiB without an end", `GET /metrics HTTP/1.1\r\nX: ${"x".repeat(4096)}`, "431 Request Header Fields Too Large"]
    ] as const
  )("refuses %s", ([, text, line]) =>
    Effect.gen(function*() {
      assert.strictEqual((yield* ask(yield* listen(endpoint("")), text)).split("\r\n")[0], `HTTP/1.1 ${line}`)
    }).pipe(Effect.scoped))

  it.effect("answers a client that has closed its half", () =>
    Effect.gen(function*() {
      const { ended, socket } = yield* client(yield* listen(endpoint("up 1")), get)
      socket.end()
      assert.match(yield* ended, /up 1$/)
    }).pipe(Effect.scoped))

  it.effect("ends a connection whose request is not complete after 5 s, not before", () =>
    Effect.gen(function*() {
      const port = yield* listen(endpoint("up 1"))
      const [silent, slow, unread] = yield* Effect.all([client(port, ""), client(port, "GET"), client(port, "GET")])
      // Connections are accepted in order: now the others are, too.
      yield* ask(port, get)
      yield* TestClock.adjust("4999 millis")
      slow.socket.write(" /metrics HTTP/1.1\r\n\r\n")
      assert.match(yield* slow.ended, /up 1$/)
      assert.isTrue(yield* isOpen(silent.socket))
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual([yield* silent.ended, yield* unread.ended], ["", ""])
    }).pipe(Effect.scoped))

  it.effect("ends a connection whose client does not read the answer within 5 s", () =>
    Effect.gen(function*() {
      const asked = yield* Queue.unbounded<void>()
      const body = "x".repeat(20_000_000)
      const port = yield* listen({
        ...endpoint(body),
        answers: new Map([[
          "/metrics",
          Effect.as(Queue.offer(asked, undefined), {
            status: 200,
            contentType: "text/plain",
            body
          })
        ]])
      })
      const { ended, socket } = yield* client(port, get)
      socket.pause()
      yield* Queue.take(asked)
      yield* TestClock.adjust(patience)
      socket.resume()
      assert.isBelow((yield* ended).length, body.length)
    }).pipe(Effect.scoped))

  it.effect("has at most 64 connections: the next one ends the one that asks for nothing longest", () =>
    Effect.gen(function*() {
      const port = yield* listen(endpoint("up 1"))
      const others = yield* Effect.forEach(Array.from({ length: 64 }), () => client(port, "GET /met"))
      // The grace of a newcomer is over for all of them, and none is ended for another one that is over too.
      yield* ask(port, get)
      yield* TestClock.adjust("50 millis")
      for (const { socket } of others) assert.isTrue(yield* isOpen(socket))
      assert.match(yield* ask(port, get), /up 1$/)
      const [first, ...rest] = others
      assert.strictEqual(yield* first?.ended ?? Effect.succeed("no client"), "")
      for (const { socket } of rest) assert.isTrue(yield* isOpen(socket))
    }).pipe(Effect.scoped))

  it.effect("does not end a client whose request waits unread while the event loop is late", () =>
    Effect.gen(function*() {
      let lateNanos = 0n
      const clock = yield* Clock.Clock
      const port = yield* Effect.provideService(listen(endpoint("up 1")), Clock.Clock, {
        ...clock,
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe() + lateNanos
      })
      const asking = yield* client(port, "")
      const [first] = yield* Effect.forEach(Array.from({ length: 64 }), () => client(port, "GET /met"))
      yield* ask(port, get)
      // When the event loop looks at its sockets again, the grace is over, and another client came before the request.
      lateNanos = 50_000_000n
      const next = yield* Effect.forkChild(ask(port, get), { startImmediately: true })
      process.nextTick(() => asking.socket.write(get))
      assert.match(yield* asking.ended, /up 1$/)
      assert.strictEqual(yield* first?.ended ?? Effect.succeed("no client"), "")
      assert.match(yield* Fiber.join(next), /up 1$/)
    }).pipe(Effect.scoped))
})

/** A port on loopback that somebody listens on until `free`. */
const takenPort = Effect.gen(function*() {
  const server = yield* Effect.callback<ReturnType<typeof createServer>>((resume) => {
    const taken = createServer().listen(0, host, () => resume(Effect.succeed(taken)))
  })
  const address = server.address()
  const free = Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
  })
  return { port: typeof address === "object" && address !== null ? address.port : 0, free }
})

describe("an endpoint whose port is taken", () => {
  it.effect("names the setting, the port and the reason", () =>
    Effect.gen(function*() {
      const { free, port } = yield* takenPort
      const health = Layer.succeed(Health, { stuck: Effect.succeed([]), notReady: Effect.succeed([]) })
      const metrics = yield* Effect.flip(Layer.build(layer(MetricsServer.endpoint({ host, port }))))
      const healthz = yield* Effect.flip(
        Layer.build(layer(HealthServer.endpoint({ host, port })).pipe(Layer.provide(health)))
      )
      assert.match(metrics.message, new RegExp(`^cannot listen on METRICS_PORT ${port}: .*EADDRINUSE`))
      assert.match(healthz.message, new RegExp(`^cannot listen on HEALTH_PORT ${port}: .*EADDRINUSE`))
      yield* free
    }).pipe(Effect.scoped))

  it.effect("is told once, and served when the port is free", () =>
    Effect.gen(function*() {
      const { free, port } = yield* takenPort
      const messages = yield* Queue.unbounded<unknown>()
      const log = Logger.layer([Logger.make(({ message }) => void Queue.offerUnsafe(messages, message))])
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(
        patientLayer({ ...endpoint("up 1"), port }).pipe(Layer.provide(Libc.layer), Layer.provideMerge(log)),
        scope
      )
      assert.match(
        String(yield* Queue.take(messages)),
        /^cannot listen on METRICS_PORT .*; it is tried again every 5s$/
      )
      yield* TestClock.adjust(patience)
      yield* free
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(String(yield* Queue.take(messages)), "listens on the port that was taken")
      assert.match(yield* ask(port, get), /up 1$/)
      assert.strictEqual(yield* Queue.size(messages), 0)
      yield* Scope.close(scope, Exit.void)
    }).pipe(Effect.scoped))
})
