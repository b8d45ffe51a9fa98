/**
 * Who owns which field, and who may not change it, against what kube-apiserver 1.37.2 answered to the same requests:
 * test/fixtures/kubernetes/apply-1.37.json holds creates, patches and applies of three objects in their order.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { readFileSync } from "node:fs"
import {
  at,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  textAt,
  withField,
  withMetadata
} from "../../../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "../../../contract/ApiClient.ts"
import { cfg } from "../../../contract/Workspace.ts"
import { server } from "./EmbeddedServerUnderTest.ts"
import { cfgs, install } from "./PtpNamespace.ts"

const steps = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.Struct({
  method: Schema.String,
  path: Schema.String,
  type: Schema.String,
  body: Schema.Json,
  status: Schema.Int,
  answer: Schema.JsonObject
}))))(readFileSync("test/fixtures/kubernetes/apply-1.37.json", "utf8"))

/** Maps have no order there: not in lists of causes and managers, nor in the lines of a message. */
const inOrder = (value: Json): Json => {
  if (!isObject(value)) return value
  const message = textAt(value, "message").split("\n")
  const causes = listAt(value, "details", "causes").map((cause) => JSON.stringify(cause)).toSorted()
  return message[0] === "" ? value : { ...value, message: message.toSorted(), details: { causes } }
}

const managersOf = (object: JsonObject): ReadonlyArray<Json> =>
  listAt(object, "metadata", "managedFields").map((entry) => withField(objectAt({ entry }, "entry"), "time", undefined))

/** The part of an answer that the fixture holds. */
const shown = (answer: { readonly status: number; readonly body: JsonObject }): Json => {
  const { details, message, reason, spec, status } = answer.body
  if (answer.status > 299) {
    return {
      message: message ?? "",
      ...(reason === undefined ? {} : { reason }),
      ...(details === undefined ? {} : { details })
    }
  }
  return { spec: spec ?? null, ...(status === undefined ? {} : { status }), managers: managersOf(answer.body) }
}

const sortedManagers = (value: JsonObject): JsonObject =>
  value["managers"] === undefined
    ? value
    : { ...value, managers: listAt(value, "managers").map((entry) => JSON.stringify(sortedKeys(entry))).toSorted() }

const sortedKeys = (value: Json): Json =>
  isObject(value)
    ? Object.fromEntries(
      Object.entries(value).map(([key, field]) => [key, sortedKeys(field)] as const).toSorted(([a], [b]) =>
        a < b ? -1 : 1
      )
    )
    : value

describe("server-side apply", () => {
  it.effect("owns, takes and refuses fields as kube-apiserver does", () =>
    Effect.gen(function*() {
      yield* install
      assert.isAbove(steps.filter(({ status }) => status === 409).length, 5)
      for (const [index, step] of steps.entries()) {
        const answer = yield* call(step.method, step.path, JSON.stringify(step.body), { "content-type": step.type })
        const what = `step ${index}: ${step.method} ${step.path} ${JSON.stringify(step.body)}`
        assert.strictEqual(answer.status, step.status, `${what} ${textAt(answer.body, "message")}`)
        const found = shown(answer)
        assert.deepStrictEqual(
          inOrder(sortedManagers(isObject(found) ? found : {})),
          inOrder(sortedManagers(step.answer)),
          what
        )
      }
    }).pipe(Effect.provide(server())))

  it.effect("keeps owners over a PUT of a client that does not know them, and forgets them when told to", () =>
    Effect.gen(function*() {
      yield* install
      yield* patch(`${cfgs}/a?fieldManager=one`, "apply-patch+yaml", cfg("a"))
      const stored = yield* call("GET", `${cfgs}/a`)
      const unknowing = withMetadata(stored.body, { managedFields: undefined, labels: { x: "y" } })
      const put = yield* call("PUT", `${cfgs}/a?fieldManager=two`, unknowing)
      assert.deepStrictEqual(managersOf(put.body).map((entry) => at(entry, "manager")), ["one", "two"])
      const cleared = yield* call("PUT", `${cfgs}/a`, withMetadata(put.body, { managedFields: [{}] }))
      assert.deepStrictEqual([cleared.status, ...managersOf(cleared.body)], [200])
    }).pipe(Effect.provide(server())))

  it.effect("changes nothing, not even a time, when the same is written again", () =>
    Effect.gen(function*() {
      yield* install
      const once = yield* patch(`${cfgs}/a?fieldManager=one`, "apply-patch+yaml", cfg("a"))
      const twice = yield* patch(`${cfgs}/a?fieldManager=one`, "apply-patch+yaml", cfg("a"))
      const merged = yield* patch(`${cfgs}/a?fieldManager=two`, "merge-patch+json", { spec: cfg("a")["spec"] ?? {} })
      assert.deepStrictEqual([twice.body, merged.body], [once.body, once.body])
    }).pipe(Effect.provide(server())))

  it.effect("lets kubectl go on from its client-side applies, and nobody else", () =>
    Effect.gen(function*() {
      yield* install
      const name = "kubectl.kubernetes.io/last-applied-configuration"
      const applied = cfg("a", { recommend: [{ profile: "p", priority: 4 }] })
      const edited = cfg("a", { recommend: [{ profile: "p", priority: 5 }] })
      const annotated = withMetadata(applied, { annotations: { [name]: JSON.stringify(applied) } })
      yield* call("POST", `${cfgs}?fieldManager=kubectl-client-side-apply`, annotated)
      const other = yield* patch(`${cfgs}/a?fieldManager=other`, "apply-patch+yaml", edited)
      assert.strictEqual(other.status, 409)
      const kubectl = yield* patch(`${cfgs}/a?fieldManager=kubectl`, "apply-patch+yaml", edited)
      assert.strictEqual(kubectl.status, 200, textAt(kubectl.body, "message"))
      assert.deepStrictEqual(
        JSON.parse(textAt(kubectl.body, "metadata", "annotations", name)),
        withMetadata(edited, { namespace: "ptp" })
      )
      yield* patch(`${cfgs}/a?fieldManager=edit`, "merge-patch+json", { spec: { recommend: [] } })
      const again = yield* patch(`${cfgs}/a?fieldManager=kubectl`, "apply-patch+yaml", edited)
      assert.include(textAt(again.body, "message"), "conflict with \"edit\" using ptp.openshift.io/v1: .spec.recommend")
    }).pipe(Effect.provide(server())))
})
