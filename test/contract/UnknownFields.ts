/**
 * Fields that a schema does not know: they are dropped with a warning, dropped silently if the request asks for that,
 * or refused if it is strict.
 */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { at, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { cfg, workspace } from "./Workspace.ts"

const withUnknown = (name: string) => cfg(name, { foo: 1, profile: [{ name: "p", bar: 2 }] })

export const unknownFieldsContract = (it: ContractTests) =>
  describe("unknown fields", () => {
    it.effect("are dropped with a warning", () =>
      Effect.gen(function*() {
        const { cfgs } = yield* workspace
        for (const query of ["", "?fieldValidation=Warn"]) {
          const warned = yield* call("POST", `${cfgs}${query}`, withUnknown(query === "" ? "a" : "b"))
          assert.deepStrictEqual(at(warned.body, "spec"), { profile: [{ name: "p" }] })
          assert.strictEqual(
            warned.headers["warning"],
            "299 - \"unknown field \\\"spec.foo\\\"\", 299 - \"unknown field \\\"spec.profile[0].bar\\\"\""
          )
        }
        const patched = yield* patch(`${cfgs}/a`, "merge-patch+json", { spec: { foo: 1 } })
        assert.strictEqual(patched.headers["warning"], "299 - \"unknown field \\\"spec.foo\\\"\"")
        assert.isUndefined(at(patched.body, "spec", "foo"))
      }))

    it.effect("are dropped in silence with fieldValidation=Ignore", () =>
      Effect.gen(function*() {
        const { cfgs } = yield* workspace
        const ignored = yield* call("POST", `${cfgs}?fieldValidation=Ignore`, withUnknown("a"))
        assert.isUndefined(ignored.headers["warning"])
        assert.deepStrictEqual(at(ignored.body, "spec"), { profile: [{ name: "p" }] })
      }))

    it.effect("are refused with fieldValidation=Strict", () =>
      Effect.gen(function*() {
        const { cfgs } = yield* workspace
        const strict = yield* call("POST", `${cfgs}?fieldValidation=Strict`, withUnknown("a"))
        assert.deepStrictEqual([strict.status, textAt(strict.body, "reason"), textAt(strict.body, "message")], [
          400,
          "BadRequest",
          "NodePTPCfg in version \"v1\" cannot be handled as a NodePTPCfg: strict decoding error: " +
          "unknown field \"spec.foo\", unknown field \"spec.profile[0].bar\""
        ])
        yield* call("POST", cfgs, cfg("a"))
        const patched = yield* patch(`${cfgs}/a?fieldValidation=Strict`, "merge-patch+json", { spec: { foo: 1 } })
        assert.strictEqual(patched.status, 422)
        assert.match(textAt(patched.body, "message"), /strict decoding error: unknown field "spec\.foo"$/)
        const wrong = yield* call("POST", `${cfgs}?fieldValidation=Sometimes`, cfg("b"))
        assert.strictEqual(wrong.status, 422)
      }))
  })
