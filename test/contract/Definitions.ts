/** CustomResourceDefinitions: how a kind comes to be served, and what is deleted together with it. */
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

export const definitionsContract = (it: ContractTests) =>
  describe("definitions", () => {
    it.effect("are established, with what they left out", () =>
      Effect.gen(function*() {
        const group = ownGroup()
        const names = { plural: "things", kind: "Thing" }
        const definition = definitionOf(group, {})
        yield* serve({ ...definition, spec: { ...objectAt(definition, "spec"), names } })
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
