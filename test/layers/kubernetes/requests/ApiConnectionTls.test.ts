import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { createServer, type Socket } from "node:net"
import type { KubernetesApi } from "../../../../src/services/kubernetes/KubernetesApi.ts"
import { KubernetesCredentials, type KubernetesTls } from "../../../../src/services/kubernetes/KubernetesCredentials.ts"
import { nodes } from "../../../../src/services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../../../../src/services/kubernetes/NodePTPCfg.ts"
import { nodePTPDevs } from "../../../../src/services/kubernetes/NodePTPDev.ts"
import { keepAliveSeconds } from "../KernelTimers.ts"
import { type ScriptedRequest, scriptedTlsApiServer } from "../ScriptedApiServer.ts"
import { buildApi } from "../ScriptedClient.ts"
import { devices } from "../ScriptedDevice.ts"
import { listOf } from "../ScriptedWatch.ts"
import { tlsFixtures } from "../TlsFixtures.ts"

const node = { apiVersion: "v1", kind: "Node", metadata: { name: "worker-1", resourceVersion: "41" } }
const status = (code: number) => ({ kind: "Status", code, message: "because" })

/** Credentials whose TLS material is what the test makes of it. */
const trusting = (server: string, material: { tls: KubernetesTls }) =>
  Layer.succeed(KubernetesCredentials, {
    server,
    headers: () => Effect.succeed({}),
    tls: Effect.sync(() => material.tls)
  })

const get = (api: KubernetesApi["Service"]) => api.get(nodePTPDevs, "worker-1")

/** One request that succeeds, as the server saw it. */
const askedOnce = Effect.fnUntraced(function*(
  api: KubernetesApi["Service"],
  server: { readonly next: Effect.Effect<ScriptedRequest> }
) {
  const found = yield* Effect.forkChild(get(api))
  const request = yield* server.next
  yield* request.answer(200, devices)
  assert.isTrue(Option.isSome(yield* Fiber.join(found)))
  return request
})

describe("a certificate that is refused", () => {
  it.effect.each(
    [
      ["future", /^CERT_NOT_YET_VALID: .*this node's clock is wrong: it says 1970-01-01T00:00:00\.000Z\)$/],
      ["expired", /^CERT_HAS_EXPIRED: .*this node's clock is wrong: it says 1970-01-01T00:00:00\.000Z\)$/],
      ["elsewhere", /^ERR_TLS_CERT_ALTNAME_INVALID: .*not for the address that is asked\)$/],
      ["unknown", /^UNABLE_TO_VERIFY_LEAF_SIGNATURE: .*not by an authority that is trusted here/]
    ] as const
  )(
    "(%s) is told in one line, again at each attempt, and heals with the certificate",
    ([which, told]) =>
      Effect.gen(function*() {
        const pem = yield* tlsFixtures
        const bad = {
          future: pem.futureServer,
          expired: pem.expiredServer,
          elsewhere: pem.elsewhereServer,
          unknown: pem.server
        }[which]
        const server = yield* scriptedTlsApiServer({ cert: bad, key: pem.key })
        const api = yield* buildApi(trusting(server.url, { tls: { ca: pem.nextCa } }))
        for (let attempt = 0; attempt < 3; attempt++) {
          const error = yield* Effect.flip(get(api))
          assert.strictEqual(error.reason, "Unreachable")
          assert.match(error.detail, told)
          assert.notInclude(error.message, "\n")
        }
        yield* server.present(pem.nextServer)
        yield* askedOnce(api, server)
      })
  )

  it.effect("is tried for ever by a watch, which begins with the good one", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const server = yield* scriptedTlsApiServer({ cert: pem.futureServer, key: pem.key })
      let reads = 0
      const api = yield* buildApi(Layer.succeed(KubernetesCredentials, {
        server: server.url,
        headers: () => Effect.succeed({}),
        tls: Effect.sync(() => {
          reads++
          return { ca: pem.nextCa }
        })
      }))
      const first = yield* api.watchAll(nodes).pipe(Stream.runHead, Effect.forkChild)
      const isReadAgain = (times: number): Effect.Effect<void> =>
        Effect.suspend(() =>
          reads >= times ? Effect.void : Effect.andThen(TestClock.adjust("1 second"), isReadAgain(times))
        )
      // Twice an attempt: for the connection, and after its failure.
      yield* isReadAgain(40)
      yield* server.present(pem.nextServer)
      const answered = yield* Effect.forkChild(Effect.flatMap(server.next, (list) => list.answer(200, listOf("40"))))
      const untilAnswered: Effect.Effect<void> = Effect.suspend(() =>
        answered.pollUnsafe() !== undefined ? Effect.void : Effect.andThen(TestClock.adjust("1 second"), untilAnswered)
      )
      yield* untilAnswered
      assert.isTrue(Option.isSome(yield* Fiber.join(first)))
    }))
})

describe("authorities that rotate", () => {
  it.effect("leave open connections alone; the handshake that fails with the old ones succeeds with the new", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const server = yield* scriptedTlsApiServer({ cert: pem.server, key: pem.key })
      const material = { tls: { ca: pem.ca } }
      const api = yield* buildApi(trusting(server.url, material))
      assert.strictEqual((yield* askedOnce(api, server)).connection, 1)
      // Both for a while, as a rotation has it, then the new one alone.
      material.tls = { ca: `${pem.ca}${pem.nextCa}` }
      yield* server.present(pem.nextServer)
      const last = yield* askedOnce(api, server)
      assert.strictEqual(last.connection, 1)
      material.tls = { ca: pem.nextCa }
      yield* last.hangUp
      yield* last.closed
      const found = yield* Effect.forkChild(Effect.retry(get(api), { times: 1 }))
      const request = yield* server.next
      assert.strictEqual(request.connection, 2)
      yield* request.answer(200, devices)
      assert.isTrue(Option.isSome(yield* Fiber.join(found)))
    }))

  it.effect("are read again at the failed handshake, so that the same request goes through", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const server = yield* scriptedTlsApiServer({ cert: pem.nextServer, key: pem.key })
      const authorities = [pem.oldCa, `${pem.oldCa}${pem.nextCa}`, pem.nextCa]
      let reads = 0
      const api = yield* buildApi(Layer.succeed(KubernetesCredentials, {
        server: server.url,
        headers: () => Effect.succeed({}),
        tls: Effect.sync(() => ({ ca: authorities[Math.min(reads++, 2)] ?? "" }))
      }))
      assert.strictEqual((yield* askedOnce(api, server)).connection, 1)
      assert.strictEqual((yield* askedOnce(api, server)).connection, 1)
      // For the first connection, after its failure, and for the second: not for each request.
      assert.strictEqual(reads, 3)
    }))

  it.effect("that were withdrawn are not used for more than 5 minutes, whatever the connection", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const server = yield* scriptedTlsApiServer({ cert: pem.server, key: pem.key })
      const material = { tls: { ca: pem.ca } }
      const api = yield* buildApi(trusting(server.url, material))
      yield* askedOnce(api, server)
      material.tls = { ca: pem.nextCa }
      yield* TestClock.adjust("299 seconds")
      assert.strictEqual((yield* askedOnce(api, server)).connection, 1)
      yield* TestClock.adjust("1 second")
      assert.match((yield* Effect.flip(get(api))).detail, /^UNABLE_TO_VERIFY_LEAF_SIGNATURE/)
    }))
})

describe("a client certificate", () => {
  it.effect("that was renewed is shown on a new connection when the old one is refused", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const server = yield* scriptedTlsApiServer({ cert: pem.nextServer, key: pem.key, clientCa: pem.nextCa })
      const material = { tls: { ca: pem.nextCa, cert: pem.clientOne, key: pem.key } }
      const api = yield* buildApi(trusting(server.url, material))
      const found = yield* Effect.forkChild(get(api))
      const first = yield* server.next
      assert.strictEqual(first.clientName, "client-one")
      material.tls = { ca: pem.nextCa, cert: pem.clientTwo, key: pem.key }
      yield* first.answer(401, status(401))
      const second = yield* server.next
      assert.deepStrictEqual([second.clientName, second.connection], ["client-two", 2])
      yield* second.answer(200, devices)
      assert.isTrue(Option.isSome(yield* Fiber.join(found)))
    }))
})

describe("a connection", () => {
  it.effect("is one for each watch and one for the rest, also over many requests and orderly ends", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const server = yield* scriptedTlsApiServer({ cert: pem.server, key: pem.key })
      const api = yield* buildApi(trusting(server.url, { tls: { ca: pem.ca } }))
      const sets = yield* Queue.unbounded<string>()
      for (const kind of [nodes, nodePTPCfgs]) {
        yield* api.watchAll(kind).pipe(
          Stream.runForEach(({ change }) => Queue.offer(sets, change.type)),
          Effect.forkScoped
        )
      }
      for (let answered = 0; answered < 2; answered++) {
        yield* (yield* server.next).answer(200, listOf("40"))
        assert.strictEqual(yield* Queue.take(sets), "LISTED")
      }
      for (let round = 0; round < 20; round++) {
        const watches = [yield* server.next, yield* server.next]
        for (const watch of watches) {
          yield* watch.open
          const kind = watch.path.endsWith("/nodes") ? "Node" : "NodePTPCfg"
          yield* watch.sendEvent("MODIFIED", { kind, metadata: { name: "worker-1", resourceVersion: `${round}` } })
          assert.include(["ADDED", "MODIFIED"], yield* Queue.take(sets))
        }
        // One that ends at once would be a trouble of its own, and wait.
        yield* TestClock.adjust("2 seconds")
        for (const watch of watches) yield* watch.end
      }
      const watches = [yield* server.next, yield* server.next]
      for (let request = 0; request < 20; request++) yield* askedOnce(api, server)
      assert.strictEqual(yield* server.opened, 3)
      assert.strictEqual(new Set(watches.map(({ connection }) => connection)).size, 2)
    }))

  it.effect("that has to be made anew resumes its TLS session", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const server = yield* scriptedTlsApiServer({ cert: pem.server, key: pem.key })
      const api = yield* buildApi(trusting(server.url, { tls: { ca: pem.ca } }))
      const first = yield* askedOnce(api, server)
      assert.isFalse(first.isResumed)
      // In good order: after an error the session is forgotten, which is right too.
      const found = yield* Effect.forkChild(get(api))
      const second = yield* server.next
      yield* second.answer(200, devices, { connection: "close" })
      yield* Fiber.join(found)
      yield* second.closed
      const third = yield* askedOnce(api, server)
      assert.deepStrictEqual([third.connection, third.isResumed], [2, true])
    }))

  it.effect("is kept alive by TCP every 30 s, also while a watch is silent", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const server = yield* scriptedTlsApiServer({ cert: pem.server, key: pem.key })
      const api = yield* buildApi(trusting(server.url, { tls: { ca: pem.ca } }))
      const sets = yield* Queue.unbounded<string>()
      yield* api.watchAll(nodes).pipe(
        Stream.runForEach(({ change }) => Queue.offer(sets, change.type)),
        Effect.forkScoped
      )
      yield* (yield* server.next).answer(200, listOf("40"))
      assert.strictEqual(yield* Queue.take(sets), "LISTED")
      const watch = yield* server.next
      yield* watch.open
      // Until it is told, the request may be under way, and another timer runs.
      yield* watch.sendEvent("ADDED", node)
      assert.strictEqual(yield* Queue.take(sets), "ADDED")
      const seconds = keepAliveSeconds(watch.clientPort, server.port)
      assert.isAbove(seconds, 0)
      assert.isAtMost(seconds, 30)
    }))

  it.effect("whose TLS handshake hangs is closed after 30 s, and the next request makes another", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const accepted: Array<Socket> = []
      const closed: Array<Socket> = []
      const hanging = createServer((socket) => {
        accepted.push(socket)
        // A client that leaves may reset.
        socket.on("error", () => {})
        socket.once("close", () => void closed.push(socket))
        socket.once("data", () => waiting.shift()?.())
      })
      const waiting: Array<() => void> = []
      const clientHello = Effect.callback<void>((resume) => void waiting.push(() => resume(Effect.void)))
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => void hanging.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () =>
          Effect.callback<void>((resume) => {
            for (const socket of accepted) socket.destroy()
            hanging.close(() => resume(Effect.void))
          })
      )
      const address = hanging.address()
      const port = address !== null && typeof address === "object" ? address.port : 0
      const api = yield* buildApi(trusting(`https://127.0.0.1:${port}`, { tls: { ca: pem.ca } }))
      for (let attempt = 1; attempt <= 2; attempt++) {
        const hello = yield* Effect.forkChild(clientHello)
        yield* Effect.yieldNow
        const failure = yield* Effect.forkChild(Effect.flip(get(api)))
        yield* Fiber.join(hello)
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual((yield* Fiber.join(failure)).detail, "no answer in 30s")
        const socket = accepted[attempt - 1]
        if (socket !== undefined && !closed.includes(socket)) {
          yield* Effect.callback<void>((resume) => void socket.once("close", () => resume(Effect.void)))
        }
        assert.deepStrictEqual([accepted.length, closed.length], [attempt, attempt])
      }
    }))
})
