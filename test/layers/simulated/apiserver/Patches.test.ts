import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import type { Json, JsonObject } from "../../../../src/layers/simulated/apiserver/JsonTree.ts"
import { applyJsonPatch, mergePatch } from "../../../../src/layers/simulated/apiserver/MergePatch.ts"
import { strategicMergePatch } from "../../../../src/layers/simulated/apiserver/StrategicMergePatch.ts"

const container = (...containers: ReadonlyArray<Json>): JsonObject => ({ containers })

describe("mergePatch", () => {
  // RFC 7396, appendix A.
  const cases: ReadonlyArray<readonly [Json, Json, Json]> = [
    [{}, {}, {}],
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [["a"], ["c", "d"], ["c", "d"]],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }]
  ]
  it("does what RFC 7396 says", () => {
    for (const [target, patch, expected] of cases) assert.deepStrictEqual(mergePatch(target, patch), expected)
  })

  it("removes null keys of objects in lists, and keeps null elements, as kube-apiserver does", () =>
    assert.deepStrictEqual(
      mergePatch({ a: [{ b: 1 }] }, { a: [{ b: null, c: [[{ d: null, e: 2 }], null] }, null, "f"] }),
      { a: [{ c: [[{ e: 2 }], null] }, null, "f"] }
    ))

  it("does the same the second time", () => {
    const json = fc.json().map((text): Json => JSON.parse(text))
    fc.assert(fc.property(json, json, (target, patch) => {
      const once = mergePatch(target, patch)
      assert.deepStrictEqual(mergePatch(once, patch), once)
    }))
  })

  it("never reaches a prototype", () => {
    const patched = mergePatch({}, JSON.parse("{\"__proto__\":{\"polluted\":true}}"))
    assert.isUndefined(Reflect.get({}, "polluted"))
    assert.strictEqual(JSON.stringify(patched), "{\"__proto__\":{\"polluted\":true}}")
  })
})

describe("applyJsonPatch", () => {
  it("refuses operations that do not fit and leaves the object as it was", () => {
    const object = { a: { b: 1 } }
    const refused: ReadonlyArray<Json> = [
      {},
      [{ op: "nothing", path: "/a" }],
      [{ op: "test", path: "/a/b", value: 2 }],
      [{ op: "add", path: "/x/y", value: 1 }],
      [{ op: "add", path: "/__proto__/x", value: 1 }]
    ]
    for (const patch of refused) assert.isTrue(Result.isFailure(applyJsonPatch(object, patch)), JSON.stringify(patch))
    assert.deepStrictEqual(object, { a: { b: 1 } })
    assert.deepStrictEqual(
      applyJsonPatch(object, [{ op: "move", from: "/a/b", path: "/c" }]),
      Result.succeed({ a: {}, c: 1 })
    )
  })
})

describe("strategicMergePatch", () => {
  const cases: ReadonlyArray<readonly [string, JsonObject, JsonObject, JsonObject]> = [
    ["nothing", container(), {}, container()],
    [
      "an item by its key",
      container({ name: "a", x: 1 }, { name: "b" }),
      container({ name: "a", y: 2 }),
      container({ name: "a", x: 1, y: 2 }, { name: "b" })
    ],
    ["a new item", container({ name: "a" }), container({ name: "b" }), container({ name: "a" }, { name: "b" })],
    [
      "a deleted item",
      container({ name: "a" }, { name: "b" }),
      container({ name: "a", $patch: "delete" }),
      container({ name: "b" })
    ],
    [
      "a replaced list",
      container({ name: "a" }),
      container({ $patch: "replace" }, { name: "b" }),
      container({ name: "b" })
    ],
    ["an atomic list", { args: ["a"] }, { args: ["b"] }, { args: ["b"] }],
    ["a replaced object", { x: { a: 1 } }, { x: { $patch: "replace", b: 2 } }, { x: { b: 2 } }],
    ["retained keys", { x: { a: 1, b: 2 } }, { x: { $retainKeys: ["b"], b: 3 } }, { x: { b: 3 } }],
    [
      "a dropped order",
      container({ name: "a" }),
      { "$setElementOrder/containers": [{ name: "a" }] },
      container({ name: "a" })
    ],
    ["removed texts", { finalizers: ["a", "b"] }, { "$deleteFromPrimitiveList/finalizers": ["a"] }, {
      finalizers: ["b"]
    }]
  ]
  it("merges lists by key and follows directives", () => {
    for (const [what, target, patch, expected] of cases) {
      assert.deepStrictEqual([what, strategicMergePatch(target, patch)], [what, expected])
    }
  })
})
