/**
 * What the schema of a CustomResourceDefinition refuses, with kube-apiserver's words and paths of fields, and what it
 * accepts.
 */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { at, type Json, type JsonObject, listAt, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { ownKind } from "./OwnKind.ts"

export const validationContract = (it: ContractTests) =>
  describe("validation", () => {
    schemas(it)
  })

const text = { type: "string" }
const pair = { type: "object", properties: { a: text, b: { type: "integer" } } }

/** One property for each thing that a schema can ask for. */
const properties: JsonObject = {
  must: text,
  integer: { type: "integer", minimum: 1, maximum: 65 },
  int32: { type: "integer", format: "int32" },
  above: { type: "integer", minimum: 1, exclusiveMinimum: true },
  below: { type: "integer", maximum: 65, exclusiveMaximum: true },
  multiple: { type: "integer", multipleOf: 5 },
  number: { type: "number", minimum: 0.5 },
  boolean: { type: "boolean" },
  enum: { ...text, enum: ["A", "B"] },
  numbers: { type: "integer", enum: [1, 2] },
  short: { ...text, maxLength: 5 },
  long: { ...text, minLength: 2 },
  pattern: { ...text, pattern: "^a+$" },
  time: { ...text, format: "date-time" },
  list: { type: "array", minItems: 1, maxItems: 2, items: { type: "integer" } },
  set: { type: "array", "x-kubernetes-list-type": "set", items: text },
  map: {
    type: "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["a", "b"],
    items: { ...pair, required: ["a", "b"] }
  },
  table: { type: "object", minProperties: 1, maxProperties: 2, additionalProperties: { ...text, maxLength: 5 } },
  port: { "x-kubernetes-int-or-string": true },
  nested: { type: "object", required: ["a"], properties: { a: text, b: { ...pair, required: ["a"] } } }
}

const inBody = (field: string, value: Json, words: string) =>
  `Invalid value: ${JSON.stringify(value)}: spec.${field} in body ${words}`

/** A spec, and what is wrong with it: the field under spec and the message. */
const wrongSpecs: ReadonlyArray<readonly [JsonObject, ...ReadonlyArray<readonly [string, string]>]> = [
  [{ must: null }, ["must", "Required value"]],
  ...([[1, "integer"], [true, "boolean"], [[], "array"], [{}, "object"]] as const).map(([must, type]) =>
    [{ must }, ["must", inBody("must", type, `must be of type string: "${type}"`)]] as const
  ),
  [{ integer: 0 }, ["integer", inBody("integer", 0, "should be greater than or equal to 1")]],
  [{ integer: 66 }, ["integer", inBody("integer", 66, "should be less than or equal to 65")]],
  [{ integer: "x" }, ["integer", inBody("integer", "string", "must be of type integer: \"string\"")]],
  [{ above: 1 }, ["above", inBody("above", 1, "should be greater than 1")]],
  [{ below: 65 }, ["below", inBody("below", 65, "should be less than 65")]],
  [{ multiple: 7 }, ["multiple", inBody("multiple", 7, "should be a multiple of 5")]],
  [{ number: 0.25 }, ["number", inBody("number", 0.25, "should be greater than or equal to 0.5")]],
  [{ boolean: "true" }, ["boolean", inBody("boolean", "string", "must be of type boolean: \"string\"")]],
  [{ enum: "C" }, ["enum", "Unsupported value: \"C\": supported values: \"A\", \"B\""]],
  [{ numbers: 3 }, ["numbers", "Unsupported value: 3: supported values: \"1\", \"2\""]],
  [{ short: "abcdef" }, ["short", "Too long: may not be more than 5 bytes"]],
  [{ long: "a" }, ["long", inBody("long", "a", "should be at least 2 chars long")]],
  [{ pattern: "b" }, ["pattern", inBody("pattern", "b", "should match '^a+$'")]],
  [{ time: "today" }, ["time", inBody("time", "today", "must be of type date-time: \"today\"")]],
  [{ list: [] }, ["list", inBody("list", 0, "should have at least 1 items")]],
  [{ list: [1, 2, 3] }, ["list", "Too many: 3: must have at most 2 items"]],
  [{ list: ["x", 1] }, ["list[0]", inBody("list[0]", "string", "must be of type integer: \"string\"")]],
  [{ list: [null] }, ["list[0]", inBody("list[0]", "null", "must be of type integer: \"null\"")]],
  [{ set: ["a", "b", "a"] }, ["set[2]", "Duplicate value: \"a\""]],
  [{ map: [{ a: "x", b: 1 }, { a: "x", b: 1 }] }, ["map[1]", "Duplicate value: {\"a\":\"x\",\"b\":1}"]],
  [{ map: [{ a: "x" }] }, ["map[0].b", "Required value"]],
  [{ table: {} }, ["table", inBody("table", 0, "should have at least 1 properties")]],
  [{ table: { a: "1", b: "2", c: "3" } }, ["table", "Too many: 3: must have at most 2 items"]],
  [{ table: { "a.b/c": "longer" } }, ["table.a.b/c", "Too long: may not be more than 5 bytes"]],
  [{ port: true }, ["port", inBody("port", "boolean", "must be of type integer,string: \"boolean\"")]],
  [{ nested: {} }, ["nested.a", "Required value"]],
  [
    { enum: "C", short: "abcdef", nested: { a: "x", b: {} } },
    ["enum", "Unsupported value: \"C\": supported values: \"A\", \"B\""],
    ["nested.b.a", "Required value"],
    ["short", "Too long: may not be more than 5 bytes"]
  ]
]

/** What is no fault: as it is sent, and as it is stored. */
const rightSpecs: ReadonlyArray<readonly [JsonObject, JsonObject]> = [
  [{ short: "\u00e4\u00f6\u00fc\u00e4\u00f6" }, { short: "\u00e4\u00f6\u00fc\u00e4\u00f6" }],
  [{ integer: null, nested: { a: "x", b: null } }, { nested: { a: "x" } }],
  [{ table: { a: "1", b: null } }, { table: { a: "1" } }],
  [{ map: [{ a: "x", b: 1 }, { a: "x", b: 2 }] }, { map: [{ a: "x", b: 1 }, { a: "x", b: 2 }] }],
  [{ port: "5%" }, { port: "5%" }],
  [{ time: "2026-01-01T00:00:00.5+01:00" }, { time: "2026-01-01T00:00:00.5+01:00" }]
]

const schemas = (it: ContractTests) => {
  it.effect("says what is wrong with an object in kube-apiserver's words", () =>
    Effect.gen(function*() {
      const { collection, group, object } = yield* ownKind({ spec: { type: "object", required: ["must"], properties } })
      for (const [spec, ...faults] of wrongSpecs) {
        const answer = yield* call("POST", collection, object("a", { must: "x", ...spec }))
        const causes = listAt(answer.body, "details", "causes").map((cause) => [
          textAt(cause, "field"),
          textAt(cause, "message")
        ])
        const expected = faults.map(([field, message]) => [`spec.${field}`, message])
        assert.deepStrictEqual([spec, answer.status, causes.toSorted()], [spec, 422, expected.toSorted()])
        const [only] = faults
        if (only === undefined || faults.length > 1) continue
        assert.strictEqual(textAt(answer.body, "message"), `Thing.${group} "a" is invalid: spec.${only.join(": ")}`)
      }
    }))

  it.effect("keeps what is right, without fields that are null", () =>
    Effect.gen(function*() {
      const { collection, object } = yield* ownKind({ spec: { type: "object", required: ["must"], properties } })
      for (const [spec, stored] of rightSpecs) {
        const answer = yield* call("POST", collection, object("a", { must: "x", ...spec }))
        assert.deepStrictEqual([spec, answer.status, at(answer.body, "spec")], [spec, 201, { must: "x", ...stored }])
        yield* call("DELETE", `${collection}/a`)
      }
    }))

  it.effect("fills in defaults before it validates", () =>
    Effect.gen(function*() {
      const spec = {
        type: "object",
        required: ["a"],
        properties: {
          a: { type: "string", default: "x" },
          b: { type: "array", items: { type: "object", properties: { c: { type: "integer", default: 5 } } } },
          d: { type: "object", default: {}, properties: { e: { type: "string", default: "y" } } }
        }
      }
      const { collection, object } = yield* ownKind({ spec })
      const empty = yield* call("POST", collection, object("a", {}))
      assert.deepStrictEqual([empty.status, at(empty.body, "spec")], [201, { a: "x", d: { e: "y" } }])
      const nested = yield* call("POST", collection, object("b", { a: null, b: [{}], d: { e: "z" } }))
      assert.deepStrictEqual(at(nested.body, "spec"), { a: "x", b: [{ c: 5 }], d: { e: "z" } })
      const cleared = yield* patch(`${collection}/b`, "merge-patch+json", { spec: { a: null, d: null } })
      assert.deepStrictEqual(at(cleared.body, "spec"), { a: "x", b: [{ c: 5 }], d: { e: "y" } })
    }))
}
