/** What only the embedded server refuses, or in words of its own; the rest is the contract of every API server. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { at, objectAt, textAt } from "../../../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "../../../contract/ApiClient.ts"
import { definitionOf } from "../../../contract/OwnKind.ts"
import { cfg, crds } from "../../../contract/Workspace.ts"
import { server } from "./EmbeddedServerUnderTest.ts"
import { cfgs, install } from "./PtpNamespace.ts"

describe("refusals of the embedded server", () => {
  it.effect("answers protobuf that is none, and paths that are none, with a Status", () =>
    Effect.gen(function*() {
      yield* install
      const protobuf = new Uint8Array([0x6b, 0x38, 0x73, 0x00, 0x0a, 0xff])
      const type = { "content-type": "application/vnd.kubernetes.protobuf" }
      assert.strictEqual((yield* call("POST", cfgs, protobuf, type)).status, 400)
      assert.strictEqual((yield* call("GET", `${cfgs}/%zz`)).status, 404)
    }).pipe(Effect.provide(server())))

  it.effect("says what to use instead of server-side apply", () =>
    Effect.gen(function*() {
      yield* install
      const applied = yield* patch(`${cfgs}/a?fieldManager=kubectl`, "apply-patch+yaml", cfg("a"))
      assert.deepStrictEqual([applied.status, textAt(applied.body, "reason"), textAt(applied.body, "message")], [
        415,
        "UnsupportedMediaType",
        "this server has no server-side apply: use kubectl apply without --server-side"
      ])
      assert.strictEqual((yield* call("GET", `${cfgs}/a`)).status, 404)
    }).pipe(Effect.provide(server())))

  it.effect("keeps no record of who wrote what", () =>
    Effect.gen(function*() {
      yield* install
      const metadata = { name: "a", managedFields: [{ manager: "x", operation: "Apply" }] }
      const created = yield* call("POST", cfgs, { ...cfg("a"), metadata })
      assert.strictEqual(created.status, 201)
      assert.isUndefined(at(created.body, "metadata", "managedFields"))
    }).pipe(Effect.provide(server())))

  it.effect("refuses a definition whose schema could not be asked, at first and later", () =>
    Effect.gen(function*() {
      const broken = { spec: { type: "string", pattern: "(" } }
      const refused = yield* call("POST", crds, definitionOf("a.example.com", broken))
      assert.strictEqual(refused.status, 422)
      assert.match(textAt(refused.body, "message"), /spec\.versions\[0\]\.schema\.openAPIV3Schema: Invalid value: /)
      assert.strictEqual((yield* call("POST", crds, definitionOf("a.example.com", {}))).status, 201)
      const changed = { spec: objectAt(definitionOf("a.example.com", broken), "spec") }
      const answer = yield* patch(`${crds}/things.a.example.com`, "merge-patch+json", changed)
      assert.strictEqual(answer.status, 422)
    }).pipe(Effect.provide(server())))

  it.effect("warns in ASCII of fields with strange names", () =>
    Effect.gen(function*() {
      yield* install
      const strange = yield* call("POST", cfgs, cfg("c", { "b\u00e4\n\u{1f600}": 1 }))
      assert.strictEqual(strange.headers["warning"], "299 - \"unknown field \\\"spec.b???\\\"\"")
    }).pipe(Effect.provide(server())))
})
