/**
 * Rules of definitions (x-kubernetes-validations), against what kube-apiserver 1.37.2 answered to the same requests:
 * test/fixtures/kubernetes/rules-1.37.json holds definitions, objects, and the status and causes of each answer.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { readFileSync } from "node:fs"
import {
  type Json,
  type JsonObject,
  listAt,
  textAt,
  withMetadata
} from "../../../../src/layers/simulated/apiserver/JsonTree.ts"
import { call } from "../../../contract/ApiClient.ts"
import { crds } from "../../../contract/Workspace.ts"
import { server } from "./EmbeddedServerUnderTest.ts"

const Case = Schema.Struct({
  spec: Schema.JsonObject,
  status: Schema.Int,
  causes: Schema.Array(Schema.Struct({ reason: Schema.String, message: Schema.String, field: Schema.String }))
})
const Recorded = Schema.Struct({
  creates: Schema.Array(Schema.Struct({ definition: Schema.JsonObject, cases: Schema.Array(Case) })),
  updates: Schema.Array(Schema.Struct({ before: Schema.JsonObject, ...Case.fields })),
  ratcheting: Schema.Struct({
    definition: Schema.JsonObject,
    before: Schema.JsonObject,
    cases: Schema.Array(
      Schema.Struct({ what: Schema.String, warnings: Schema.Array(Schema.String), ...Case.fields })
    )
  })
})

const recorded = Schema.decodeUnknownSync(Schema.fromJsonString(Recorded))(
  readFileSync("test/fixtures/kubernetes/rules-1.37.json", "utf8")
)

const objectOf = (definition: JsonObject, name: string, spec: JsonObject): JsonObject => ({
  apiVersion: "t.example.com/v1",
  kind: textAt(definition, "spec", "names", "kind"),
  metadata: { name },
  spec
})

const pathOf = (definition: JsonObject) => `/apis/t.example.com/v1/${textAt(definition, "spec", "names", "plural")}`

/** Properties are read in no order there, so causes and warnings are compared as sets. */
const inOrder = (values: ReadonlyArray<Json>): ReadonlyArray<string> =>
  values.map((value) => JSON.stringify(value)).toSorted()

const define = Effect.fn("define")(function*(definition: JsonObject) {
  const answer = yield* call("POST", crds, definition)
  assert.strictEqual(answer.status, 201, JSON.stringify(answer.body))
})

const withSchema = (definition: JsonObject, openAPIV3Schema: JsonObject): JsonObject => ({
  ...definition,
  spec: {
    ...Object(definition["spec"]),
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema } }]
  }
})

describe("validation rules", () => {
  it.effect("answer a new object as kube-apiserver does", () =>
    Effect.gen(function*() {
      for (const { cases, definition } of recorded.creates) {
        yield* define(definition)
        for (const { causes, spec, status } of cases) {
          const answer = yield* call("POST", `${pathOf(definition)}?dryRun=All`, objectOf(definition, "g", spec))
          const found = [answer.status, ...inOrder(listAt(answer.body, "details", "causes"))]
          assert.deepStrictEqual(found, [status, ...inOrder(causes)], JSON.stringify(spec))
        }
      }
    }).pipe(Effect.provide(server())))

  it.effect("compare with the value before the update as kube-apiserver does", () =>
    Effect.gen(function*() {
      const definition = recorded.creates[0]?.definition ?? {}
      yield* define(definition)
      for (const [index, { before, causes, spec, status }] of recorded.updates.entries()) {
        const path = `${pathOf(definition)}/u${index}`
        const created = yield* call("POST", pathOf(definition), objectOf(definition, `u${index}`, before))
        assert.strictEqual(created.status, 201, JSON.stringify(created.body))
        const resourceVersion = textAt(created.body, "metadata", "resourceVersion")
        const update = withMetadata(objectOf(definition, `u${index}`, spec), { resourceVersion })
        const answer = yield* call("PUT", path, update)
        const found = [answer.status, ...inOrder(listAt(answer.body, "details", "causes"))]
        assert.deepStrictEqual(found, [status, ...inOrder(causes)], JSON.stringify({ before, spec }))
      }
    }).pipe(Effect.provide(server())))

  it.effect("let an object that broke them before be updated elsewhere, with warnings, as kube-apiserver does", () =>
    Effect.gen(function*() {
      const { before, cases, definition } = recorded.ratcheting
      const path = `${pathOf(definition)}/a`
      yield* define(withSchema(definition, { type: "object", "x-kubernetes-preserve-unknown-fields": true }))
      assert.strictEqual((yield* call("POST", pathOf(definition), objectOf(definition, "a", before))).status, 201)
      const present = yield* call("GET", `${crds}/${textAt(definition, "metadata", "name")}`)
      const resourceVersion = textAt(present.body, "metadata", "resourceVersion")
      const stricter = withMetadata(definition, { resourceVersion })
      assert.strictEqual(
        (yield* call("PUT", `${crds}/${textAt(definition, "metadata", "name")}`, stricter)).status,
        200
      )
      const stored = yield* call("GET", path)
      for (const { causes, spec, status, warnings, what } of cases) {
        const labels = what === "label" ? { a: "b" } : {}
        const answer = yield* call("PUT", `${path}?dryRun=All`, withMetadata({ ...stored.body, spec }, { labels }))
        const found = [answer.status, ...inOrder(listAt(answer.body, "details", "causes"))]
        assert.deepStrictEqual(found, [status, ...inOrder(causes)], what)
        const told = (String(answer.headers["warning"] ?? "")).split("299 - ").filter((text) => text !== "")
          .map((text) => text.replace(/, $/, ""))
        assert.deepStrictEqual(told.toSorted(), warnings.toSorted(), what)
      }
    }).pipe(Effect.provide(server())))
})
