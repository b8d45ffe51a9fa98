/** deploy/01-crd.yaml as people meet it: what `kubectl explain` and `kubectl get` show, and what is refused or not. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  at,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  textAt,
  textsAt
} from "../../../../src/layers/simulated/apiserver/JsonTree.ts"
import { call } from "../../../contract/ApiClient.ts"
import { inOrder, recordedConfigurations } from "../../../contract/RecordedConfigurations.ts"
import { cfg, manifest } from "../../../contract/Workspace.ts"
import { server } from "./EmbeddedServerUnderTest.ts"
import { cfgs, install } from "./PtpNamespace.ts"

const definitions = manifest("01-crd.yaml")

const version = (definition: JsonObject): Json => listAt(definition, "spec", "versions")[0] ?? {}

/** Every part of a schema with its path; items and values stand under their list or map. */
const parts = (schema: JsonObject, path: string): ReadonlyArray<readonly [string, JsonObject]> => [
  [path, schema],
  ...Object.entries(objectAt(schema, "properties")).flatMap(([name, part]) =>
    isObject(part) ? parts(part, `${path}.${name}`) : []
  ),
  ...(isObject(schema["items"]) ? parts(schema["items"], `${path}[]`) : [])
]

const allParts = definitions.flatMap((definition) =>
  parts(objectAt(version(definition), "schema", "openAPIV3Schema"), textAt(definition, "spec", "names", "kind"))
)

/** What the daemon reports and lives with is not refused: only a person could want it otherwise. */
const accepted: ReadonlyArray<JsonObject> = [
  {},
  { profile: [], recommend: [] },
  { profile: [{ name: "p" }] },
  { profile: [{ name: "p", ptpSchedulingPriority: 10 }] },
  { profile: [{ name: "p", ptpSchedulingPolicy: "SCHED_OTHER", ptpSchedulingPriority: 65 }] },
  { profile: [{ name: "p", interface: "", ptp4lOpts: " ", phc2sysOpts: "" }] },
  { profile: [{ name: "p", ptpClockThreshold: { minOffsetThreshold: 5, maxOffsetThreshold: -5 } }] },
  { profile: [{ name: "p", ptpSettings: { unknown: "x", logReduce: "perhaps" } }] },
  { profile: [{ name: "Grandmaster Client \u00e4" }], recommend: [{ profile: "elsewhere" }] },
  { recommend: [{ profile: "p", priority: 0, match: [] }, { profile: "p", priority: 9007199254740991, match: [{}] }] },
  { profile: Array.from({ length: 1024 }, (_, index) => ({ name: `p${index}` })) }
]

/** What rules say, and that they were not asked: the embedded server evaluates none. */
const ruleWords = [
  "SCHED_FIFO needs a priority",
  "should be a name that is not blank",
  "should be the name of a profile",
  "some validation rules were not checked"
]

describe("deploy/01-crd.yaml", () => {
  it("describes every field in sentences", () => {
    assert.isAbove(allParts.length, 60)
    const undescribed = allParts.filter(([, part]) => !/^[A-Z0-9p].*\.$/.test(textAt(part, "description")))
    assert.deepStrictEqual(undescribed.map(([path]) => path), [])
  })

  it("has short names, a category, columns and a status as people know them", () => {
    const seen = definitions.map((definition) => ({
      short: textsAt(definition, "spec", "names", "shortNames"),
      categories: textsAt(definition, "spec", "names", "categories"),
      columns: listAt(version(definition), "additionalPrinterColumns").map((column) => textAt(column, "name")),
      hasStatus: isObject(at(version(definition), "subresources", "status"))
    }))
    assert.deepStrictEqual(seen, [
      { short: ["ptpcfg"], categories: ["ptp"], columns: ["Profiles", "Age"], hasStatus: false },
      {
        short: ["ptpdev"],
        categories: ["ptp"],
        columns: ["Profile", "Clock", "Applied", "Devices", "Age", "Grandmaster", "Reason", "Linuxptp", "Version"],
        hasStatus: true
      }
    ])
  })

  it("bounds what its rules go over, or a real server would refuse it for their cost", () => {
    const bounds: Readonly<Record<string, string>> = { array: "maxItems", string: "maxLength" }
    const unbounded = allParts.filter(([, part]) => {
      const bound = bounds[textAt(part, "type")]
      const isBounded = part["enum"] !== undefined || part["format"] !== undefined
      return bound !== undefined && !isBounded && part[bound] === undefined
    })
    assert.deepStrictEqual(unbounded.map(([path]) => path), [])
  })

  it.effect("is what explain reads", () =>
    Effect.gen(function*() {
      yield* install
      const { body } = yield* call("GET", "/openapi/v3/apis/ptp.openshift.io/v1")
      for (const definition of definitions) {
        const kind = textAt(definition, "spec", "names", "kind")
        const shown = objectAt(body, "components", "schemas", `io.openshift.ptp.v1.${kind}`)
        const schema = objectAt(version(definition), "schema", "openAPIV3Schema")
        assert.deepStrictEqual(shown["description"], schema["description"])
        for (const name of ["spec", "status"]) {
          assert.deepStrictEqual(at(shown, "properties", name), at(schema, "properties", name))
        }
        assert.match(
          textAt(shown, "properties", "apiVersion", "description"),
          /^APIVersion defines the versioned schema/
        )
      }
    }).pipe(Effect.provide(server())))

  it.effect("refuses what kube-apiserver 1.37.2 refuses, in its words, but for what is a rule's", () =>
    Effect.gen(function*() {
      yield* install
      for (const { causes, spec, status, stored } of recordedConfigurations) {
        const answer = yield* call("POST", `${cfgs}?dryRun=All`, cfg("a", spec))
        const expected = causes.filter((cause) => !ruleWords.some((words) => textAt(cause, "message").includes(words)))
        const found = [answer.status, ...inOrder(listAt(answer.body, "details", "causes"))]
        assert.deepStrictEqual(
          found,
          [expected.length === 0 ? 201 : status, ...inOrder(expected)],
          JSON.stringify(spec)
        )
        if (stored !== undefined) assert.deepStrictEqual(at(answer.body, "spec"), stored)
      }
    }).pipe(Effect.provide(server())))

  it.effect("refuses nothing that the daemon can live with", () =>
    Effect.gen(function*() {
      yield* install
      for (const [index, spec] of accepted.entries()) {
        const answer = yield* call("POST", `${cfgs}?fieldValidation=Strict`, cfg(`c${index}`, spec))
        assert.strictEqual(answer.status, 201, `${JSON.stringify(spec)} ${textAt(answer.body, "message")}`)
      }
    }).pipe(Effect.provide(server())))
})
