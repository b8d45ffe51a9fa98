/** CustomResourceDefinitions: which are refused, how a kind comes to be served, and what goes with it. */
import { assert, describe } from "@effect/vitest"
import { Effect, Queue } from "effect"
import {
  at,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  textAt
} from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch, watch } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { definitionOf, ownGroup, ownKind } from "./OwnKind.ts"
import { crds, serve, untilStatus } from "./Workspace.ts"

const conditions = (definition: JsonObject): ReadonlyArray<string> =>
  listAt(definition, "status", "conditions").map((condition) =>
    `${textAt(condition, "type")}=${textAt(condition, "status")} ${textAt(condition, "reason")}`
  )

/** The definition with other fields in its spec, or in the only version of it. */
const changed = (definition: JsonObject, spec: JsonObject, version: JsonObject = {}): JsonObject => {
  const before = objectAt(definition, "spec")
  const [only] = listAt(before, "versions")
  const versions = [Object.assign({}, only, version)]
  return { ...definition, spec: { ...before, versions, ...spec } }
}

const ofSchema = (schema: JsonObject): JsonObject => ({ schema: { openAPIV3Schema: schema } })
const text: JsonObject = { type: "string", default: "x" }
const ofSpec = (spec: JsonObject): JsonObject => ofSchema({ type: "object", properties: { spec } })
const column = (fields: JsonObject): JsonObject => ({ additionalPrinterColumns: [{ name: "x", ...fields }] })
// A schema or column that all versions share is named as if it stood in the spec.
const shared = "spec.validation.openAPIV3Schema"

const refused = (group: string): ReadonlyArray<readonly [JsonObject, string, string]> => {
  const good = definitionOf(group, {})
  const must = "metadata.name: Invalid value: \"wrong\": must be spec.names.plural+\".\"+spec.group"
  return [
    [{ ...good, metadata: { name: "wrong" } }, "metadata.name", must],
    [
      changed(good, { scope: "Nowhere" }),
      "spec.scope",
      "Unsupported value: \"Nowhere\": supported values: \"Cluster\""
    ],
    [changed(good, { scope: null }), "spec.scope", "Required value"],
    [changed(good, { group: null }), "spec.group", "Required value"],
    [changed(good, {}, { storage: false }), "spec.versions", "must have exactly one version marked as storage version"],
    [changed(good, {}, { schema: null }), "spec.versions[0].schema.openAPIV3Schema", "Required value"],
    [
      changed(good, {}, column({ type: "string", jsonPath: "spec.x" })),
      "spec.additionalPrinterColumns[0].JSONPath",
      "Invalid value: \"spec.x\": must be a simple json path starting with ."
    ],
    [
      changed(good, {}, column({ type: "text", jsonPath: ".spec.x" })),
      "spec.additionalPrinterColumns[0].type",
      "Invalid value: \"text\": must be one of boolean,date,integer,number,string"
    ],
    [changed(good, {}, ofSchema({ type: "thing" })), `${shared}.type`, "must be object at the root"],
    [changed(good, {}, ofSchema({})), `${shared}.type`, "Required value: must not be empty at the root"],
    [
      changed(good, {}, ofSpec({ properties: {} })),
      `${shared}.properties[spec].type`,
      "Required value: must not be empty for specified object fields"
    ],
    [
      changed(good, {}, ofSpec({ type: "string", pattern: "(" })),
      `${shared}.properties[spec].pattern`,
      "Invalid value: \"(\": must be a valid regular expression, but isn't"
    ],
    [
      changed(good, {}, ofSpec({ type: "string", default: 5 })),
      `${shared}.properties[spec].default`,
      "in body must be of type string: \"integer\""
    ],
    [
      changed(good, {}, ofSpec({ type: "object", default: {}, required: ["a"], properties: { a: text } })),
      `${shared}.properties[spec].default.a`,
      "Required value"
    ],
    [
      changed(good, {}, ofSpec({ type: "array", "x-kubernetes-list-type": "map", items: { type: "object" } })),
      `${shared}.properties[spec].x-kubernetes-list-map-keys`,
      "Required value: must not be empty if x-kubernetes-list-type is map"
    ]
  ]
}

export const definitionsContract = (it: ContractTests) =>
  describe("definitions", () => {
    it.effect("are refused when they cannot be served, with the field", () =>
      Effect.gen(function*() {
        for (const [definition, field, text] of refused(ownGroup())) {
          const answer = yield* call("POST", crds, definition)
          const fields = listAt(answer.body, "details", "causes").map((cause) => textAt(cause, "field"))
          assert.deepStrictEqual([field, answer.status], [field, 422])
          assert.include(fields, field)
          assert.include(textAt(answer.body, "message"), text)
        }
      }))

    it.effect("are established, with what they left out", () =>
      Effect.gen(function*() {
        const group = ownGroup()
        const names = { plural: "things", kind: "Thing" }
        yield* serve(changed(definitionOf(group, {}), { names }))
        const path = `${crds}/things.${group}`
        const { body } = yield* call("GET", path)
        const all = { ...names, singular: "thing", listKind: "ThingList" }
        assert.deepStrictEqual(
          [at(body, "spec", "names"), at(body, "spec", "conversion"), at(body, "status", "acceptedNames")],
          [all, { strategy: "None" }, all]
        )
        assert.deepStrictEqual(conditions(body).toSorted(), [
          "Established=True InitialNamesAccepted",
          "NamesAccepted=True NoConflicts"
        ])
        assert.deepStrictEqual(listAt(body, "status", "storedVersions"), ["v1"])
      }))

    deletedKinds(it)
    changedKinds(it)
  })

const deletedKinds = (it: ContractTests) =>
  it.effect("take their objects with them, end their watches, and may come again", () =>
    Effect.gen(function*() {
      const { collection, group, object } = yield* ownKind({ spec: { type: "object" } })
      yield* call("POST", collection, object("a", {}))
      const { events } = yield* watch(`${collection}?watch=true`)
      assert.strictEqual(textAt(yield* Queue.take(events), "type"), "ADDED")
      assert.strictEqual((yield* call("DELETE", `${crds}/things.${group}`)).status, 200)
      const deleted = yield* Queue.take(events)
      assert.deepStrictEqual([textAt(deleted, "type"), textAt(deleted, "object", "metadata", "name")], ["DELETED", "a"])
      assert.strictEqual(yield* Effect.flip(Queue.take(events)), "ended")
      yield* untilStatus(collection, 404)
      yield* untilStatus(`${crds}/things.${group}`, 404)
      yield* serve(definitionOf(group, { spec: { type: "object" } }))
      assert.deepStrictEqual((yield* call("GET", collection)).body["items"], [])
    }))

const spec = (properties: JsonObject): JsonObject => ({ spec: { type: "object", properties } })

const changedKinds = (it: ContractTests) =>
  it.effect("may change: what was stored before is read by the new schema", () =>
    Effect.gen(function*() {
      const { collection, group, object } = yield* ownKind(spec({ a: { type: "string" } }))
      yield* call("POST", collection, object("a", { a: "x" }))
      const schema = { openAPIV3Schema: { type: "object", properties: spec({ b: { type: "integer", default: 1 } }) } }
      const versions: Json = [{ name: "v1", served: true, storage: true, schema }]
      const updated = yield* patch(`${crds}/things.${group}`, "merge-patch+json", { spec: { versions } })
      assert.strictEqual(updated.status, 200)
      const read = yield* call("GET", `${collection}/a`).pipe(
        Effect.tap(() => Effect.sleep("20 millis")),
        Effect.repeat({ until: ({ body }) => at(body, "spec", "a") === undefined })
      )
      assert.deepStrictEqual(read.body["spec"], { b: 1 })
    }))
