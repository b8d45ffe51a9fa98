import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import { humanDuration } from "../../../../src/layers/simulated/apiserver/HumanDuration.ts"
import { parseJsonPath } from "../../../../src/layers/simulated/apiserver/JsonPath.ts"
import type { Json } from "../../../../src/layers/simulated/apiserver/JsonTree.ts"
import { decodeProtobuf } from "../../../../src/layers/simulated/apiserver/ProtobufBody.ts"
import { parseRequestTarget } from "../../../../src/layers/simulated/apiserver/RequestTarget.ts"
import { parseLabelSelector } from "../../../../src/layers/simulated/apiserver/Selectors.ts"
import { normalize } from "../../../../src/layers/simulated/apiserver/StructuralSchema.ts"

const target = (group: string, namespace: string, plural: string, name = "", subresource = "") => ({
  group,
  version: "v1",
  namespace,
  plural,
  name,
  subresource
})

describe("parseRequestTarget", () => {
  it("reads what Kubernetes' paths name", () => {
    const paths = [
      ["", undefined],
      ["/", undefined],
      ["/api", undefined],
      ["/api/v1", undefined],
      ["/api/v1/", undefined],
      ["/apis/g/v1", undefined],
      ["/api/v1/%zz", undefined],
      ["/api/v1/nodes/a/b/c", undefined],
      ["/api/v1/nodes", target("", "", "nodes")],
      ["/api/v1/nodes/a/status", target("", "", "nodes", "a", "status")],
      ["/api/v1/namespaces", target("", "", "namespaces")],
      ["/api/v1/namespaces/a", target("", "", "namespaces", "a")],
      ["/api/v1/namespaces/a/status", target("", "", "namespaces", "a", "status")],
      ["/api/v1/namespaces/a/pods", target("", "a", "pods")],
      ["/apis/g/v1/things", target("g", "", "things")],
      ["/apis/g/v1/namespaces/a/things/b%20c/status", target("g", "a", "things", "b c", "status")]
    ] as const
    for (const [path, expected] of paths) assert.deepStrictEqual([path, parseRequestTarget(path)], [path, expected])
  })
})

describe("parseJsonPath", () => {
  const document = {
    a: { "b.c": 1, list: [{ type: "x", v: 1 }, { type: "y", v: 2 }, { v: 3 }] },
    map: { p: 1, q: 2 }
  }
  it("selects fields, indices, all and by equality", () => {
    const paths = [
      [".a.list[0].v", [1]],
      [".a.list[-1].v", [3]],
      [".a.list[*].v", [1, 2, 3]],
      [".a.list[?(@.type==\"y\")].v", [2]],
      [".a.list[?(@.type=='z')].v", []],
      [".a['b.c']", [1]],
      [".a.b\\.c", [1]],
      [".map[*]", [1, 2]],
      [".none.at.all", []],
      [".__proto__", []]
    ] as const
    for (const [path, expected] of paths) {
      const found = Result.map(parseJsonPath(path), (select) => select(document))
      assert.deepStrictEqual([path, found], [path, Result.succeed([...expected])])
    }
  })

  it("refuses what is no simple path, with the rest that it does not understand", () => {
    for (const [path, rest] of [["", ""], ["a", "a"], [".a..b", "..b"], [".a[1:2]", "[1:2]"]] as const) {
      assert.deepStrictEqual(parseJsonPath(path), Result.fail(rest))
    }
  })
})

describe("humanDuration", () => {
  it("prints ages as kubectl does", () => {
    const second = 1000
    const hour = 3600 * second
    const ages = [
      [0, "0s"],
      [-5 * second, "<invalid>"],
      [119 * second, "119s"],
      [120 * second, "2m"],
      [200 * second, "3m20s"],
      [600 * second, "10m"],
      [3 * hour, "3h"],
      [3.5 * hour, "3h30m"],
      [47 * hour, "47h"],
      [49 * hour, "2d1h"],
      [24 * 9 * hour, "9d"],
      [24 * 730 * hour, "2y"],
      [24 * 800 * hour, "2y70d"],
      [24 * 365 * 9 * hour, "9y"]
    ] as const
    for (const [millis, expected] of ages) assert.deepStrictEqual([millis, humanDuration(millis)], [millis, expected])
  })
})

describe("normalize", () => {
  const text = { type: "string" }
  const schema = {
    type: "object",
    properties: {
      spec: {
        type: "object",
        properties: {
          a: { ...text, default: "x" },
          list: { type: "array", items: { type: "object", properties: { b: text } } },
          map: { type: "object", additionalProperties: text },
          free: { type: "object", "x-kubernetes-preserve-unknown-fields": true }
        }
      }
    }
  }
  it("keeps what the schema knows, names the rest, and fills in defaults", () => {
    const spec = { list: [{ b: "1", c: 2 }], map: { k: "v" }, free: { z: 1 }, u: 1 }
    const { object, unknownFields } = normalize(schema, { kind: "T", metadata: { name: "n" }, spec, other: 1 })
    const kept = { list: [{ b: "1" }], map: { k: "v" }, free: { z: 1 }, a: "x" }
    assert.deepStrictEqual(object, { kind: "T", metadata: { name: "n" }, spec: kept })
    assert.deepStrictEqual([...unknownFields].toSorted(), ["other", "spec.list[0].c", "spec.u"])
  })

  it("changes nothing the second time", () => {
    const value = fc.json().map((text): Json => JSON.parse(text))
    const names = fc.oneof(fc.string(), fc.constantFrom("a", "list", "map", "free"))
    fc.assert(fc.property(fc.dictionary(names, value, { noNullPrototype: true }), (spec) => {
      const once = normalize(schema, { spec })
      assert.deepStrictEqual(normalize(schema, once.object), { object: once.object, unknownFields: [] })
    }))
  })
})

describe("text from outside", () => {
  it("never throws on any selector, path or body", () => {
    const unit = fc.oneof(
      fc.string({ minLength: 1, maxLength: 1 }),
      fc.constantFrom(..."=!()[]{}.,@?*\"'%/ \u0000é\ud800𝄞")
    )
    fc.assert(fc.property(fc.string({ unit }), fc.array(fc.nat(0xff)), (text, bytes) => {
      assert.isTrue(Result.isResult(parseLabelSelector(text)))
      assert.isTrue(Result.isResult(parseJsonPath(text)))
      assert.isTrue(Result.isResult(decodeProtobuf(Uint8Array.from([0x6b, 0x38, 0x73, 0x00, ...bytes]))))
      assert.include(["object", "undefined"], typeof parseRequestTarget(`/api/${text}`))
    }))
  })
})
