import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Logger, Option, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { nodes } from "../../../../src/services/kubernetes/Node.ts"
import { nodePTPDevs } from "../../../../src/services/kubernetes/NodePTPDev.ts"
import { projectedVolume, serviceAccount, serviceAccountCredentials } from "../ProjectedVolume.ts"
import { scriptedTlsApiServer } from "../ScriptedApiServer.ts"
import { buildApi } from "../ScriptedClient.ts"
import { devices } from "../ScriptedDevice.ts"
import { bookmark, listOf } from "../ScriptedWatch.ts"
import { tlsFixtures } from "../TlsFixtures.ts"

const unauthorized = { kind: "Status", code: 401, message: "Unauthorized" }
const pem = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"

/** The wall clock alone is set to another time; monotonic time goes on. */
const withWallClock = (millis: number) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Clock.clockWith((clock) =>
    Effect.provideService(effect, Clock.Clock, {
      ...clock,
      currentTimeMillisUnsafe: () => millis,
      currentTimeMillis: Effect.succeed(millis),
      currentTimeNanosUnsafe: () => BigInt(millis) * 1_000_000n,
      currentTimeNanos: Effect.succeed(BigInt(millis) * 1_000_000n)
    })
  )

/** What the credentials' layer gives for a volume, and the warnings it logs. */
const mounted = Effect.fnUntraced(function*(token: string) {
  const volume = yield* projectedVolume({ token, "ca.crt": pem })
  const credentials = yield* serviceAccountCredentials(volume.directory)
  const warnings: Array<unknown> = []
  const logger = Logger.make(({ message }) => void warnings.push(message))
  const authorization = (renew = false) =>
    credentials.headers({ renew }).pipe(
      Effect.map((headers) => headers["authorization"]),
      Effect.provide(Logger.layer([logger]))
    )
  return { volume, credentials, authorization, warnings }
})

/** A daemon in a pod, and the API server it is told of. */
const inPod = Effect.fnUntraced(function*(token: string, authority: "ca" | "nextCa" = "ca") {
  const fixtures = yield* tlsFixtures
  const server = yield* scriptedTlsApiServer({ cert: fixtures.server, key: fixtures.key })
  const volume = yield* projectedVolume({ token, "ca.crt": fixtures[authority] })
  const environment = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(server.port) }
  const api = yield* buildApi(
    serviceAccount(volume.directory, environment).pipe(Layer.provide(NodeFileSystem.layer))
  )
  return { fixtures, server, volume, api }
})

describe("a token that the kubelet swaps", () => {
  it.effect.each(
    [
      ["1970", 0],
      ["2120", 4_733_510_400_000]
    ] as const
  )("is taken after 60 s of monotonic time, with the wall clock in %s", ([, millis]) =>
    Effect.gen(function*() {
      const { authorization, volume } = yield* mounted("one")
      assert.strictEqual(yield* authorization(), "Bearer one")
      yield* volume.project({ token: "two", "ca.crt": pem })
      const jumped = authorization().pipe(withWallClock(millis))
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(yield* jumped, "Bearer one")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* jumped, "Bearer two")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("is taken at once when the old one is refused, on the same connection", () =>
    Effect.gen(function*() {
      const { api, fixtures, server, volume } = yield* inPod("one")
      const found = yield* Effect.forkChild(api.get(nodePTPDevs, "worker-1"))
      const first = yield* server.next
      assert.strictEqual(first.headers.authorization, "Bearer one")
      yield* volume.project({ token: "two\n", "ca.crt": fixtures.ca })
      yield* first.answer(401, unauthorized)
      const second = yield* server.next
      assert.deepStrictEqual([second.headers.authorization, second.connection], ["Bearer two", first.connection])
      yield* second.answer(200, devices)
      assert.isTrue(Option.isSome(yield* Fiber.join(found)))
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("is taken at once by a watch that was open and is refused when it goes on", () =>
    Effect.gen(function*() {
      const { api, fixtures, server, volume } = yield* inPod("one")
      const sets = yield* Queue.unbounded<string>()
      yield* api.watchAll(nodes).pipe(
        Stream.runForEach(({ change }) => Queue.offer(sets, change.type)),
        Effect.forkScoped
      )
      yield* (yield* server.next).answer(200, listOf("40"))
      const watch = yield* server.next
      yield* watch.open
      yield* watch.sendEvent("BOOKMARK", { ...bookmark("50"), kind: "Node" })
      yield* volume.project({ token: "two", "ca.crt": fixtures.ca })
      yield* watch.end
      const refused = yield* server.next
      assert.strictEqual(refused.headers.authorization, "Bearer one")
      yield* refused.answer(401, unauthorized)
      const resumed = yield* server.next
      assert.deepStrictEqual(
        [resumed.headers.authorization, resumed.params["resourceVersion"], resumed.connection],
        ["Bearer two", "50", watch.connection]
      )
      assert.strictEqual(yield* Queue.take(sets), "LISTED")
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("is asked with once, not twice, when it is the one that was refused", () =>
    Effect.gen(function*() {
      const { api, server } = yield* inPod("one")
      const failure = yield* Effect.forkChild(Effect.flip(api.get(nodePTPDevs, "worker-1")))
      yield* (yield* server.next).answer(401, unauthorized)
      assert.strictEqual((yield* Fiber.join(failure)).status, 401)
      assert.strictEqual(yield* server.untaken, 0)
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})

describe("a token file that is no good for a moment", () => {
  it.effect.each(
    [
      ["missing", null],
      ["empty", ""],
      ["blank", " \n"],
      ["with a line break inside", "two\r\nX-Forged: yes"],
      ["with a control character", "tw\u0000o"],
      ["of rubbish", "\u00ff\u00fe\u0001\u001b[2J"],
      ["of two words", "two three"],
      ["endless", "x".repeat(70_000)]
    ] as const
  )("(%s) leaves the last good one in use, is told once, and is read again", ([, text]) =>
    Effect.gen(function*() {
      const { authorization, volume, warnings } = yield* mounted("one")
      assert.strictEqual(yield* authorization(), "Bearer one")
      yield* volume.spoil("token", text)
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(yield* authorization(), "Bearer one")
      assert.strictEqual(yield* authorization(true), "Bearer one")
      assert.strictEqual(warnings.length, 1)
      yield* volume.spoil("token", "two\n")
      assert.strictEqual(yield* authorization(), "Bearer two")
      yield* volume.spoil("token", text)
      assert.strictEqual(yield* authorization(true), "Bearer two")
      assert.strictEqual(warnings.length, 2)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("and was never good fails the request with its path, and no header is sent", () =>
    Effect.gen(function*() {
      const { api, fixtures, server, volume } = yield* inPod("one\r\nX-Forged: yes")
      const error = yield* Effect.flip(api.get(nodePTPDevs, "worker-1"))
      assert.deepStrictEqual([error.reason, error.status], ["Denied", undefined])
      assert.match(error.detail, /\/token: it is empty, or not one word of ASCII$/)
      assert.strictEqual(yield* server.opened, 0)
      yield* volume.project({ token: "two", "ca.crt": fixtures.ca })
      const found = yield* Effect.forkChild(api.get(nodePTPDevs, "worker-1"))
      yield* (yield* server.next).answer(200, devices)
      assert.isTrue(Option.isSome(yield* Fiber.join(found)))
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})

describe("a CA file", () => {
  it.effect("that is swapped while the server's certificate is, serves the same request", () =>
    Effect.gen(function*() {
      const { api, fixtures, server, volume } = yield* inPod("one", "nextCa")
      const failure = yield* Effect.flip(api.get(nodePTPDevs, "worker-1"))
      assert.match(failure.detail, /^UNABLE_TO_VERIFY_LEAF_SIGNATURE/)
      yield* volume.project({ token: "one", "ca.crt": `${fixtures.nextCa}${fixtures.ca}` })
      const found = yield* Effect.forkChild(api.get(nodePTPDevs, "worker-1"))
      yield* (yield* server.next).answer(200, devices)
      assert.isTrue(Option.isSome(yield* Fiber.join(found)))
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect.each([["missing", null], ["empty", ""], ["half written", "half"]] as const)(
    "(%s) denies the request rather than trust the system's authorities, and is read again",
    ([, text]) =>
      Effect.gen(function*() {
        const { api, fixtures, server, volume } = yield* inPod("one")
        yield* volume.spoil("ca.crt", text === "half" ? fixtures.ca.slice(0, 300) : text)
        const error = yield* Effect.flip(api.get(nodePTPDevs, "worker-1"))
        assert.strictEqual(error.reason, "Denied")
        assert.include(error.detail, "/ca.crt")
        yield* volume.spoil("ca.crt", fixtures.ca)
        const found = yield* Effect.forkChild(api.get(nodePTPDevs, "worker-1"))
        const request = yield* server.next
        yield* request.answer(200, devices)
        yield* Fiber.join(found)
        // What was good once goes on being good while the file is away again.
        yield* volume.spoil("ca.crt", text)
        yield* request.hangUp
        yield* request.closed
        const again = yield* Effect.forkChild(Effect.retry(api.get(nodePTPDevs, "worker-1"), { times: 1 }))
        yield* (yield* server.next).answer(200, devices)
        assert.isTrue(Option.isSome(yield* Fiber.join(again)))
      }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})
