/**
 * What only a real kube-apiserver can check of the project's kinds: the rules in deploy/01-crd.yaml that plain schema
 * cannot express, and objects that an earlier definition allowed. The embedded server evaluates no rules.
 */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import {
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  textAt,
  withMetadata
} from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "../contract/ApiClient.ts"
import type { ContractTests } from "../contract/ApiServerUnderTest.ts"
import { ownGroup } from "../contract/OwnKind.ts"
import { inOrder, recordedConfigurations } from "../contract/RecordedConfigurations.ts"
import { cfg, crds, manifest, serve, workspace } from "../contract/Workspace.ts"

export const definitionRules = (it: ContractTests) =>
  describe("rules of the project's kinds", () => {
    rules(it)
    recordings(it)
    olderObjects(it)
  })

const noName = "should be a name that is not blank and has no control characters"
const brokenRules: ReadonlyArray<readonly [JsonObject, string]> = [
  [
    { profile: [{ name: "p", ptpSchedulingPolicy: "SCHED_FIFO" }] },
    "spec.profile[0].ptpSchedulingPriority: Required value: ptpSchedulingPolicy SCHED_FIFO needs a priority from 1 to 65"
  ],
  [{ profile: [{ name: " " }] }, `spec.profile[0].name: Invalid value: " ": ${noName}`],
  [{ profile: [{ name: "a\tb" }] }, `spec.profile[0].name: Invalid value: "a\\tb": ${noName}`],
  [
    { recommend: [{ profile: " " }] },
    "spec.recommend[0].profile: Invalid value: \" \": should be the name of a profile, not blank"
  ]
]

const rules = (it: ContractTests) =>
  it.effect("say in one sentence what is wrong", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      for (const [spec, text] of brokenRules) {
        const answer = yield* call("POST", cfgs, cfg("a", spec))
        assert.deepStrictEqual([answer.status, textAt(answer.body, "message")], [
          422,
          `NodePTPCfg.ptp.openshift.io "a" is invalid: ${text}`
        ])
      }
    }))

const recordings = (it: ContractTests) =>
  it.effect("are told as they were recorded for the embedded server", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      for (const { causes, spec, status, stored } of recordedConfigurations) {
        const answer = yield* call("POST", `${cfgs}?dryRun=All`, cfg("a", spec))
        const found = [answer.status, ...inOrder(listAt(answer.body, "details", "causes"))]
        assert.deepStrictEqual(found, [status, ...inOrder(causes)], JSON.stringify(spec))
        if (stored !== undefined) assert.deepStrictEqual(answer.body["spec"], stored)
      }
    }))

/** The definition of NodePTPCfg under another group, with the schema that is given. */
const definitionIn = (group: string, schema: Json): JsonObject => {
  const [definition = {}] = manifest("01-crd.yaml")
  const spec = objectAt(definition, "spec")
  const [version] = listAt(spec, "versions")
  const versions = [Object.assign({}, version, { schema: { openAPIV3Schema: schema } })]
  return withMetadata({ ...definition, spec: { ...spec, group, versions } }, { name: `nodeptpcfgs.${group}` })
}

const projectSchema = (): JsonObject => {
  const [definition = {}] = manifest("01-crd.yaml")
  return objectAt(listAt(definition, "spec", "versions")[0], "schema", "openAPIV3Schema")
}

const olderObjects = (it: ContractTests) =>
  it.effect("leave objects of an earlier definition updatable, and say what is wrong with them", () =>
    Effect.gen(function*() {
      const { namespace } = yield* workspace
      const group = ownGroup()
      const lax = definitionIn(group, { type: "object", "x-kubernetes-preserve-unknown-fields": true })
      yield* serve(lax)
      const cfgs = `/apis/${group}/v1/namespaces/${namespace}/nodeptpcfgs`
      const wrong = {
        profile: [{ name: "a", ptpSchedulingPolicy: "SCHED_FIFO" }, { name: "a" }],
        recommend: [{ profile: " ", priority: -1 }]
      }
      const old = (name: string) => ({ ...cfg(name, wrong), apiVersion: `${group}/v1` })
      assert.strictEqual((yield* call("POST", cfgs, old("old"))).status, 201)
      const strict = { spec: definitionIn(group, projectSchema())["spec"] ?? null }
      assert.strictEqual((yield* patch(`${crds}/nodeptpcfgs.${group}`, "merge-patch+json", strict)).status, 200)
      // A moment later the schema counts.
      yield* call("POST", `${cfgs}?dryRun=All`, old("new")).pipe(
        Effect.tap(() => Effect.sleep("20 millis")),
        Effect.repeat({ until: ({ status }) => status === 422 })
      )
      const labelled = yield* patch(`${cfgs}/old`, "merge-patch+json", { metadata: { labels: { a: "b" } } })
      assert.strictEqual(labelled.status, 200, textAt(labelled.body, "message"))
      assert.include(String(labelled.headers["warning"] ?? ""), "spec.recommend[0].profile: Invalid value")
      const worse = [{ op: "replace", path: "/spec/recommend/0/priority", value: -2 }]
      assert.strictEqual((yield* patch(`${cfgs}/old`, "json-patch+json", worse)).status, 422)
    }))
