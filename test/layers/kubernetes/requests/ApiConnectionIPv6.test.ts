import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Fiber, Layer, Option } from "effect"
import dns from "node:dns"
import { networkInterfaces } from "node:os"
import * as PlainCredentials from "../../../../src/layers/kubernetes/credentials/PlainCredentials.ts"
import { KubernetesCredentials } from "../../../../src/services/kubernetes/KubernetesCredentials.ts"
import { nodePTPDevs } from "../../../../src/services/kubernetes/NodePTPDev.ts"
import { projectedVolume, serviceAccount } from "../ProjectedVolume.ts"
import { scriptedApiServer, scriptedTlsApiServer } from "../ScriptedApiServer.ts"
import { buildApi } from "../ScriptedClient.ts"
import { devices } from "../ScriptedDevice.ts"
import { tlsFixtures } from "../TlsFixtures.ts"

const hasIPv6 = Object.values(networkInterfaces()).flat().some((address) => address?.address === "::1")

/** A name has both addresses while the scope lives, whatever the machine's own resolver knows of it. */
const dualStack = Effect.acquireRelease(
  Effect.sync(() =>
    vi.spyOn(dns, "lookup").mockImplementation((...args: ReadonlyArray<unknown>) => {
      const answer = args.at(-1)
      if (typeof answer !== "function") return
      queueMicrotask(() => answer(null, [{ address: "::1", family: 6 }, { address: "127.0.0.1", family: 4 }]))
    })
  ),
  (spy) => Effect.sync(() => spy.mockRestore())
)

/** One request that succeeds. */
const ask = Effect.fnUntraced(function*(
  credentials: Layer.Layer<KubernetesCredentials>,
  server: Effect.Success<ReturnType<typeof scriptedTlsApiServer>>
) {
  const api = yield* buildApi(credentials)
  const found = yield* Effect.forkChild(api.get(nodePTPDevs, "worker-1"))
  const request = yield* server.next
  yield* request.answer(200, devices)
  assert.isTrue(Option.isSome(yield* Fiber.join(found)))
  return request
})

const trusting = (server: string, ca: string) =>
  Layer.succeed(KubernetesCredentials, {
    server,
    headers: () => Effect.succeed({}),
    tls: Effect.succeed({ ca })
  })

describe.skipIf(!hasIPv6)("an API server on ::1 (skipped where the machine has no IPv6 loopback)", () => {
  it.effect("is reached as KUBERNETES_SERVICE_HOST, with a certificate for the address", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const server = yield* scriptedTlsApiServer({ cert: pem.nextServer, key: pem.key, host: "::1" })
      const volume = yield* projectedVolume({ token: "one", "ca.crt": pem.nextCa })
      const environment = { KUBERNETES_SERVICE_HOST: "::1", KUBERNETES_SERVICE_PORT: String(server.port) }
      const credentials = serviceAccount(volume.directory, environment).pipe(Layer.provide(NodeFileSystem.layer))
      const request = yield* ask(credentials, server)
      assert.deepStrictEqual(
        [request.headers.host, request.headers.authorization],
        [`[::1]:${server.port}`, "Bearer one"]
      )
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("is reached by a URL", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const server = yield* scriptedTlsApiServer({ cert: pem.nextServer, key: pem.key, host: "::1" })
      assert.match(server.url, /^https:\/\/\[::1\]:\d+$/)
      yield* ask(trusting(server.url, pem.nextCa), server)
    }))

  it.effect("with a certificate for IPv4 alone is refused", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const server = yield* scriptedTlsApiServer({ cert: pem.server, key: pem.key, host: "::1" })
      const api = yield* buildApi(trusting(server.url, pem.ca))
      const error = yield* Effect.flip(api.get(nodePTPDevs, "worker-1"))
      assert.match(error.detail, /^ERR_TLS_CERT_ALTNAME_INVALID: .*::1/)
    }))
})

describe.skipIf(!hasIPv6)(
  "a name with addresses of both families (skipped where the machine has no IPv6 loopback)",
  () => {
    it.effect.each(["::1", "127.0.0.1"])("is reached on the one that answers: %s", (host) =>
      Effect.gen(function*() {
        yield* dualStack
        const pem = yield* tlsFixtures
        const server = yield* scriptedTlsApiServer({ cert: pem.nextServer, key: pem.key, host })
        yield* ask(trusting(`https://localhost:${server.port}`, pem.nextCa), server)
      }))

    it.effect("is told by both when none answers", () =>
      Effect.gen(function*() {
        yield* dualStack
        const url = yield* Effect.scoped(Effect.map(scriptedApiServer, ({ port }) => `http://localhost:${port}`))
        const api = yield* buildApi(PlainCredentials.layer({ server: url }))
        const { detail } = yield* Effect.flip(api.get(nodePTPDevs, "worker-1"))
        assert.match(detail, /^ECONNREFUSED: /)
        for (const address of ["::1", "127.0.0.1"]) assert.include(detail, address)
      }))
  }
)
