import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { onlyLocalClients } from "../../../../src/programs/cli/demo/LocalClients.ts"
import { call } from "../../../contract/ApiClient.ts"
import { ApiServerUnderTest } from "../../../contract/ApiServerUnderTest.ts"
import { server } from "../../../layers/simulated/apiserver/EmbeddedServerUnderTest.ts"

const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "made" } }
const local = { front: onlyLocalClients }

describe("the demo's API server", () => {
  it.effect("answers to the names of this machine, also through a tunnel", () =>
    Effect.gen(function*() {
      const { url } = yield* ApiServerUnderTest
      const { port } = new URL(url)
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, "LOCALHOST:9001", "localhost"]) {
        assert.strictEqual((yield* call("GET", "/version", undefined, { host })).status, 200, host)
        const own = { host, origin: `http://${host}` }
        assert.strictEqual((yield* call("GET", "/version", undefined, own)).status, 200, host)
      }
    }).pipe(Effect.provide(server(local))))

  it.effect.each([
    "evil.example",
    "evil.example:8001",
    "localhost.evil.example",
    "127.0.0.1.evil.example:8001",
    "0.0.0.0:8001"
  ])(
    "refuses a page whose name was made to point here: %j",
    (host) =>
      Effect.gen(function*() {
        const { body, status } = yield* call("GET", "/api/v1/namespaces", undefined, { host })
        assert.strictEqual(status, 403)
        assert.deepInclude(body, { kind: "Status", reason: "Forbidden", code: 403 })
      }).pipe(Effect.provide(server(local)))
  )

  it.effect.each(["http://evil.example", "null", "http://127.0.0.1:3000", "https://HOST", "file://", ""])(
    "refuses what a page of %j sends, whatever its content type, and does nothing",
    (origin) =>
      Effect.gen(function*() {
        const { url } = yield* ApiServerUnderTest
        const headers = { origin: origin.replace("HOST", new URL(url).host) }
        for (const type of ["text/plain", "application/json", "application/x-www-form-urlencoded"]) {
          const sent = { ...headers, "content-type": type }
          assert.strictEqual((yield* call("POST", "/api/v1/namespaces", namespace, sent)).status, 403)
        }
        assert.strictEqual((yield* call("OPTIONS", "/api/v1/namespaces", undefined, headers)).status, 403)
        assert.strictEqual((yield* call("GET", "/api/v1/namespaces/made")).status, 404)
      }).pipe(Effect.provide(server(local)))
  )

  it.effect("takes no JSON that calls itself text, which a page may send unasked", () =>
    Effect.gen(function*() {
      const sent = yield* call("POST", "/api/v1/namespaces", namespace, { "content-type": "text/plain" })
      assert.strictEqual(sent.status, 415)
    }).pipe(Effect.provide(server(local))))
})
