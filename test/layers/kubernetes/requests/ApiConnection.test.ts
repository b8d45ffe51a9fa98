import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Metric, Option } from "effect"
import { TestClock } from "effect/testing"
import * as PlainCredentials from "../../../../src/layers/kubernetes/credentials/PlainCredentials.ts"
import {
  KubernetesCredentials,
  KubernetesCredentialsError
} from "../../../../src/services/kubernetes/KubernetesCredentials.ts"
import { nodePTPDevs } from "../../../../src/services/kubernetes/NodePTPDev.ts"
import { scriptedApiServer, scriptedTlsApiServer } from "../ScriptedApiServer.ts"
import { buildApi, connectScripted } from "../ScriptedClient.ts"
import { devices } from "../ScriptedDevice.ts"
import { tlsFixtures } from "../TlsFixtures.ts"

const collection = "/apis/ptp.openshift.io/v1/namespaces/ptp/nodeptpdevs"
const status = (code: number, message: string) => ({ kind: "Status", code, message })

const connect = Effect.fnUntraced(function*(credentials: (url: string) => Layer.Layer<KubernetesCredentials>) {
  const server = yield* scriptedApiServer
  return { server, api: yield* buildApi(credentials(server.url)) }
})

const tokens = (server: string, renewed: Array<boolean>) =>
  Layer.succeed(KubernetesCredentials, {
    server,
    headers: ({ renew }) =>
      Effect.sync(() => {
        renewed.push(renew)
        return { authorization: renew ? "Bearer new" : "Bearer old" }
      }),
    tls: Effect.succeed({})
  })

describe("a request that fails", () => {
  it.effect.each(
    [
      [400, "Invalid"],
      [401, "Denied"],
      [403, "Denied"],
      [404, "NotFound"],
      [409, "Conflict"],
      [410, "Gone"],
      [422, "Invalid"],
      [429, "TooManyRequests"],
      [500, "Unreachable"],
      [503, "Unreachable"],
      [302, "Malformed"]
    ] as const
  )("says why: %d is %s", ([code, reason]) =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const failure = yield* Effect.forkChild(Effect.flip(api.patchStatus(nodePTPDevs, "worker-1", {})))
      yield* (yield* server.next).answer(code, status(code, "because"), { "retry-after": "3" })
      const error = yield* Fiber.join(failure)
      assert.deepStrictEqual([error.reason, error.status, error.detail, error.retryAfterSeconds], [
        reason,
        code,
        "because",
        3
      ])
      assert.strictEqual(error.message, `patch ${collection}/worker-1/status: ${code}: because`)
    }))

  it.effect("is Unreachable when the connection is reset, and the next one gets a new connection", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const failure = yield* Effect.forkChild(Effect.flip(api.get(nodePTPDevs, "worker-1")))
      yield* (yield* server.next).reset
      const error = yield* Fiber.join(failure)
      assert.strictEqual(error.reason, "Unreachable")
      assert.match(error.detail, /ECONNRESET/)
      const found = yield* Effect.forkChild(api.get(nodePTPDevs, "worker-1"))
      yield* (yield* server.next).answer(200, devices)
      assert.isTrue(Option.isSome(yield* Fiber.join(found)))
    }))

  it.effect("is Unreachable when nobody listens", () =>
    Effect.gen(function*() {
      const url = yield* Effect.scoped(Effect.map(scriptedApiServer, (server) => server.url))
      const api = yield* buildApi(PlainCredentials.layer({ server: url }))
      const error = yield* Effect.flip(api.get(nodePTPDevs, "worker-1"))
      assert.strictEqual(error.reason, "Unreachable")
      assert.match(error.detail, /ECONNREFUSED/)
    }))

  it.effect("is Unreachable when the server's address is none", () =>
    Effect.gen(function*() {
      const api = yield* buildApi(PlainCredentials.layer({ server: "nonsense" }))
      assert.strictEqual((yield* Effect.flip(api.get(nodePTPDevs, "worker-1"))).detail, "this is no URL of a server")
    }))

  it.effect("is Unreachable after 30 s without an answer, and leaves no connection behind", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const failure = yield* Effect.forkChild(Effect.flip(api.get(nodePTPDevs, "worker-1")))
      const request = yield* server.next
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(failure.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(failure)).detail, "no answer in 30s")
      yield* request.closed
    }))

  it.effect("is Unreachable when the body stops half way, after 30 s", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const failure = yield* Effect.forkChild(Effect.flip(api.get(nodePTPDevs, "worker-1")))
      const request = yield* server.next
      yield* request.open
      yield* request.send("{")
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* Fiber.join(failure)).reason, "Unreachable")
      yield* request.closed
    }))

  it.effect("is Malformed when the answer is not an object", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const failure = yield* Effect.forkChild(Effect.flip(api.get(nodePTPDevs, "worker-1")))
      yield* (yield* server.next).answer(200, ["<html>"])
      assert.strictEqual((yield* Fiber.join(failure)).reason, "Malformed")
    }))
})

describe("credentials", () => {
  it.effect("are renewed at once, and once, after a 401", () =>
    Effect.gen(function*() {
      const renewed: Array<boolean> = []
      const { api, server } = yield* connect((url) => tokens(url, renewed))
      const found = yield* Effect.forkChild(api.get(nodePTPDevs, "worker-1"))
      const first = yield* server.next
      assert.strictEqual(first.headers.authorization, "Bearer old")
      yield* first.answer(401, status(401, "Unauthorized"))
      const second = yield* server.next
      assert.deepStrictEqual([second.headers.authorization, second.connection], ["Bearer new", first.connection])
      yield* second.answer(200, devices)
      yield* Fiber.join(found)
      assert.deepStrictEqual(renewed, [false, false, true])
    }))

  it.effect("that would break a header deny the request, and nothing is sent", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connect((url) =>
        Layer.succeed(KubernetesCredentials, {
          server: url,
          headers: () => Effect.succeed({ authorization: "Bearer a\r\nX-Forged: yes" }),
          tls: Effect.succeed({})
        })
      )
      const error = yield* Effect.flip(api.get(nodePTPDevs, "worker-1"))
      assert.deepStrictEqual([error.reason, error.status], ["Denied", undefined])
      assert.include(error.detail, "characters that no header can hold")
      assert.strictEqual(yield* server.opened, 0)
    }))

  it.effect("that are renewed count as two requests, and no answer counts as error", () =>
    Effect.gen(function*() {
      const registry = new Map()
      const counting = Effect.provideService(Metric.MetricRegistry, registry)
      const { api, server } = yield* connect((url) => tokens(url, []))
      const found = yield* Effect.forkChild(counting(Effect.exit(api.get(nodePTPDevs, "worker-1"))))
      yield* (yield* server.next).answer(401, status(401, "Unauthorized"))
      yield* (yield* server.next).answer(200, devices)
      yield* Fiber.join(found)
      const broken = yield* Effect.forkChild(counting(Effect.exit(api.get(nodePTPDevs, "worker-1"))))
      yield* (yield* server.next).reset
      yield* Fiber.join(broken)
      const counted = (yield* Metric.snapshot.pipe(counting))
        .filter(({ id }) => id === "linuxptp_daemon_api_requests_total")
        .map(({ attributes, state }) => [attributes, state])
      assert.sameDeepMembers(counted, [
        [{ verb: "list", code: "401" }, { count: 1, incremental: true }],
        [{ verb: "list", code: "200" }, { count: 1, incremental: true }],
        [{ verb: "list", code: "error" }, { count: 1, incremental: true }]
      ])
    }))

  it.effect("that cannot be read deny the request, and are asked for again by the next", () =>
    Effect.gen(function*() {
      const answers = [
        Exit.fail(new KubernetesCredentialsError({ source: "token", cause: "ENOENT" })),
        Exit.succeed({})
      ]
      const { api, server } = yield* connect((url) =>
        Layer.succeed(KubernetesCredentials, {
          server: url,
          headers: () => Effect.succeed({}),
          tls: Effect.suspend(() => answers.shift() ?? Exit.succeed({}))
        })
      )
      const error = yield* Effect.flip(api.get(nodePTPDevs, "worker-1"))
      assert.deepStrictEqual([error.reason, error.status], ["Denied", undefined])
      assert.include(error.detail, "token")
      const found = yield* Effect.forkChild(api.get(nodePTPDevs, "worker-1"))
      yield* (yield* server.next).answer(200, devices)
      yield* Fiber.join(found)
    }))

  it.effect("with a broken CA are an error, not a defect", () =>
    Effect.gen(function*() {
      const { api } = yield* connect((url) =>
        Layer.succeed(KubernetesCredentials, {
          server: url,
          headers: () => Effect.succeed({}),
          tls: Effect.succeed({ cert: "-----BEGIN CERTIFICATE-----\nbroken", key: "broken" })
        })
      )
      assert.strictEqual((yield* Effect.flip(api.get(nodePTPDevs, "worker-1"))).reason, "Denied")
    }))

  it.effect("name the server that the certificate must be for", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const server = yield* scriptedTlsApiServer({ cert: pem.server, key: pem.key })
      const api = yield* buildApi(Layer.succeed(KubernetesCredentials, {
        server: server.url,
        headers: () => Effect.succeed({}),
        tls: Effect.succeed({ ca: pem.ca, serverName: "elsewhere.test" })
      }))
      assert.match((yield* Effect.flip(api.get(nodePTPDevs, "worker-1"))).detail, /ERR_TLS_CERT_ALTNAME_INVALID/)
    }))
})
