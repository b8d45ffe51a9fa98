/** Requests that no API server accepts: malformed bodies, paths and queries, wrong names and sizes. */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { cfg, workspace } from "./Workspace.ts"

const configMap = (bytes: number) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "x" },
  data: { x: "x".repeat(bytes) }
})

/** A NodePTPCfg of so many profiles of 60 kB. */
const large = (profiles: number) =>
  cfg("a", {
    profile: Array.from({ length: profiles }, (_, index) => ({ name: `p${index}`, ptp4lConf: "x".repeat(60_000) }))
  })

export const refusalsContract = (it: ContractTests) =>
  describe("refusals", () => {
    it.effect("answers every malformed body with a Status, and goes on", () =>
      Effect.gen(function*() {
        const { cfgs } = yield* workspace
        const bodies = ["", "{", "null", "[]", "\"x\"", "{}", "{\"kind\":1}", `${"[".repeat(5000)}${"]".repeat(5000)}`]
        for (const body of bodies) {
          const answer = yield* call("POST", cfgs, body)
          const shown = body.slice(0, 9)
          assert.deepStrictEqual([shown, answer.status, textAt(answer.body, "kind")], [shown, 400, "Status"])
        }
        const yaml = { "content-type": "application/yaml" }
        assert.strictEqual((yield* call("POST", cfgs, "a: &a [*a]", yaml)).status, 400)
        assert.strictEqual((yield* call("POST", cfgs, "x", { "content-type": "text/plain" })).status, 415)
        assert.strictEqual((yield* call("POST", cfgs, cfg("a"))).status, 201)
      }))

    it.effect("takes YAML and JSON of whole objects", () =>
      Effect.gen(function*() {
        const { cfgs } = yield* workspace
        const yaml =
          "apiVersion: ptp.openshift.io/v1\nkind: NodePTPCfg\nmetadata: {name: a}\nspec: {profile: [{name: p}]}\n"
        assert.strictEqual((yield* call("POST", cfgs, yaml, { "content-type": "application/yaml" })).status, 201)
      }))

    it.effect("answers what is not served with 404, and what is not allowed with 405", () =>
      Effect.gen(function*() {
        const { cfgs, namespace } = yield* workspace
        assert.strictEqual((yield* call("GET", "/nothing")).status, 404)
        assert.strictEqual((yield* call("GET", "/apis/nothing.example.com/v1/things")).status, 404)
        assert.strictEqual((yield* call("GET", cfgs.replace("nodeptpcfgs", "things"))).status, 404)
        const refused = yield* call("POST", `/api/v1/namespaces/${namespace}/configmaps/x`, configMap(1))
        assert.deepStrictEqual([refused.status, textAt(refused.body, "reason"), textAt(refused.body, "message")], [
          405,
          "MethodNotAllowed",
          "the server does not allow this method on the requested resource"
        ])
      }))

    it.effect("refuses an object that is not the one of the path", () =>
      Effect.gen(function*() {
        const { cfgs, namespace } = yield* workspace
        const elsewhere = { ...cfg("a"), metadata: { name: "a", namespace: "elsewhere" } }
        const answer = yield* call("POST", cfgs, elsewhere)
        assert.deepStrictEqual([answer.status, textAt(answer.body, "message")], [
          400,
          "the namespace of the provided object does not match the namespace sent on the request"
        ])
        const kind = yield* call("POST", cfgs, { ...cfg("a"), kind: "NodePTPDev" })
        assert.deepStrictEqual([kind.status, textAt(kind.body, "message")], [
          422,
          "NodePTPDev.ptp.openshift.io \"a\" is invalid: kind: Invalid value: \"NodePTPDev\": must be NodePTPCfg"
        ])
        const version = yield* call("POST", cfgs, { ...cfg("a"), apiVersion: "ptp.openshift.io/v2" })
        assert.deepStrictEqual([version.status, textAt(version.body, "message")], [
          400,
          "the API version in the data (ptp.openshift.io/v2) does not match the expected API version (ptp.openshift.io/v1)"
        ])
        const renamed = yield* call("PUT", `${cfgs}/b`, { ...cfg("a"), metadata: { name: "a", namespace } })
        assert.deepStrictEqual([renamed.status, textAt(renamed.body, "message")], [
          400,
          "the name of the object (a) does not match the name on the URL (b)"
        ])
      }))

    it.effect("refuses names and labels that Kubernetes refuses", () =>
      Effect.gen(function*() {
        const { cfgs } = yield* workspace
        const named = yield* call("POST", cfgs, cfg("Not_A_Name"))
        assert.strictEqual(named.status, 422)
        assert.strictEqual(
          textAt(named.body, "message"),
          "NodePTPCfg.ptp.openshift.io \"Not_A_Name\" is invalid: metadata.name: Invalid value: \"Not_A_Name\": a lowercase " +
            "RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with " +
            "an alphanumeric character (e.g. 'example.com', regex used for validation is " +
            "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
        )
        const nameless = yield* call("POST", cfgs, { ...cfg("a"), metadata: {} })
        assert.strictEqual(nameless.status, 422)
        assert.include(textAt(nameless.body, "message"), "name or generateName is required")
        const typed = yield* call("POST", cfgs, { ...cfg("a"), metadata: { name: "a", labels: { x: 1 } } })
        assert.strictEqual(typed.status, 400)
        const labeled = yield* call("POST", cfgs, {
          ...cfg("a"),
          metadata: { name: "a", labels: { x: "not a value" } }
        })
        assert.strictEqual(labeled.status, 422)
        assert.match(textAt(labeled.body, "message"), /metadata\.labels: Invalid value: "not a value": a valid label/)
        yield* call("POST", cfgs, cfg("a"))
        const patched = yield* patch(`${cfgs}/a`, "merge-patch+json", { metadata: { labels: { "-x": "y" } } })
        assert.strictEqual(patched.status, 422)
        assert.match(
          textAt(patched.body, "message"),
          /metadata\.labels: Invalid value: "-x": name part must consist of/
        )
      }))

    it.effect("refuses a body above 3 MiB with 413", () =>
      Effect.gen(function*() {
        const { namespace } = yield* workspace
        const path = `/api/v1/namespaces/${namespace}/configmaps`
        const tooMuch = yield* call("POST", path, configMap(3 * 1024 * 1024))
        assert.deepStrictEqual([tooMuch.status, textAt(tooMuch.body, "message")], [
          413,
          "Request entity too large: limit is 3145728"
        ])
        assert.strictEqual((yield* call("POST", path, configMap(1000))).status, 201)
      }))

    it.effect("takes an object of 1.3 MB, and none of 1.8 MB", () =>
      Effect.gen(function*() {
        const { cfgs } = yield* workspace
        const tooLarge = yield* call("POST", cfgs, large(31))
        assert.deepStrictEqual([tooLarge.status, textAt(tooLarge.body, "message")], [
          500,
          "etcdserver: request is too large"
        ])
        assert.strictEqual((yield* call("POST", cfgs, large(22))).status, 201)
      }))
  })
