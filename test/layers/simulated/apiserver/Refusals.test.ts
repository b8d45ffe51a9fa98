/** What only the embedded server refuses, or in words of its own; the rest is the contract of every API server. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { call } from "../../../contract/ApiClient.ts"
import { cfg } from "../../../contract/Workspace.ts"
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

  it.effect("warns in ASCII of fields with strange names", () =>
    Effect.gen(function*() {
      yield* install
      const strange = yield* call("POST", cfgs, cfg("c", { "b\u00e4\n\u{1f600}": 1 }))
      assert.strictEqual(strange.headers["warning"], "299 - \"unknown field \\\"spec.b???\\\"\"")
    }).pipe(Effect.provide(server())))
})
