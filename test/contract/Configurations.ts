/** What the project's own kinds refuse. Every mistake is named with its field, in Kubernetes' own words. */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { type Json, type JsonObject, listAt, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { cfg, dev, workspace } from "./Workspace.ts"

/** Without `<nil>`, which says of no field that rules of the definition were not evaluated. */
const fields = (status: JsonObject): ReadonlyArray<string> =>
  listAt(status, "details", "causes").map((cause) => textAt(cause, "field")).filter((field) => field !== "<nil>")

export const configurationsContract = (it: ContractTests) =>
  describe("the project's kinds", () => {
    words(it)
    configurations(it)
    devices(it)
  })

const inBody = (field: string, value: Json, words: string) =>
  `${field}: Invalid value: ${JSON.stringify(value)}: ${field} in body ${words}`

/** A wrong spec, and what people read about it. */
const wrongSpecs: ReadonlyArray<readonly [JsonObject, string]> = [
  [
    { recommend: [{ profile: "p", priority: -1 }] },
    inBody("spec.recommend[0].priority", -1, "should be greater than or equal to 0")
  ],
  [
    { profile: [{ name: "p", ptpSchedulingPriority: 0 }] },
    inBody("spec.profile[0].ptpSchedulingPriority", 0, "should be greater than or equal to 1")
  ],
  [
    { profile: [{ name: "p", ptpSchedulingPriority: 66 }] },
    inBody("spec.profile[0].ptpSchedulingPriority", 66, "should be less than or equal to 65")
  ],
  [
    { profile: [{ name: "p", ptpClockThreshold: { holdOverTimeout: -1 } }] },
    inBody("spec.profile[0].ptpClockThreshold.holdOverTimeout", -1, "should be greater than or equal to 0")
  ],
  [{ profile: [{ name: "" }] }, inBody("spec.profile[0].name", "", "should be at least 1 chars long")],
  [{ recommend: [{ profile: "" }] }, inBody("spec.recommend[0].profile", "", "should be at least 1 chars long")],
  [{ profile: [{ name: "p" }, { name: "p" }] }, "spec.profile[1]: Duplicate value: {\"name\":\"p\"}"],
  [
    { recommend: [{ profile: "p", priority: "x" }] },
    inBody("spec.recommend[0].priority", "string", "must be of type integer: \"string\"")
  ],
  [
    { profile: [{ name: "p", ptpSchedulingPolicy: "x" }] },
    "spec.profile[0].ptpSchedulingPolicy: Unsupported value: \"x\": supported values: \"SCHED_OTHER\", \"SCHED_FIFO\""
  ],
  [{ profile: [{ interface: "ens1f0" }] }, "spec.profile[0].name: Required value"],
  [
    { profile: [{ name: "p", interface: "x".repeat(16) }] },
    "spec.profile[0].interface: Too long: may not be more than 15 bytes"
  ],
  [
    { profile: Array.from({ length: 1025 }, (_, index) => ({ name: `p${index}` })) },
    "spec.profile: Too many: 1025: must have at most 1024 items"
  ],
  [
    { profile: [{ name: "p", ptp4lConf: "x".repeat(65_537) }] },
    "spec.profile[0].ptp4lConf: Too long: may not be more than 65536 bytes"
  ],
  [
    { profile: [{ name: "p", ptpSettings: { logReduce: true } }] },
    inBody("spec.profile[0].ptpSettings.logReduce", "boolean", "must be of type string: \"boolean\"")
  ]
]

/** Said beside the mistakes where rules of the definition could not be evaluated for them: by a real server alone. */
const notChecked =
  "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; " +
  "correct the existing errors to complete validation"

const words = (it: ContractTests) =>
  it.effect("say in one sentence what is wrong", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      for (const [spec, text] of wrongSpecs) {
        const answer = yield* call("POST", cfgs, cfg("a", spec))
        const what = "NodePTPCfg.ptp.openshift.io \"a\" is invalid: "
        assert.strictEqual(answer.status, 422)
        assert.include([`${what}${text}`, `${what}[${text}, ${notChecked}]`], textAt(answer.body, "message"))
      }
    }))

/** A NodePTPCfg's spec, and where it is wrong. */
const wrongConfigurations: ReadonlyArray<readonly [JsonObject, ...ReadonlyArray<string>]> = [
  [{ profile: [{ interface: "ens1f0" }] }, "spec.profile[0].name"],
  [{ profile: [{ name: "" }] }, "spec.profile[0].name"],
  [{ profile: [{ name: 1 }] }, "spec.profile[0].name"],
  [{ profile: [{ name: "p" }, { name: "q" }, { name: "p" }] }, "spec.profile[2]"],
  [{ profile: [{ name: "p", interface: "x".repeat(16) }] }, "spec.profile[0].interface"],
  [{ profile: [{ name: "p", ptp4lConf: "x".repeat(65_537) }] }, "spec.profile[0].ptp4lConf"],
  [{ profile: [{ name: "p", ptpSchedulingPolicy: "SCHED_RR" }] }, "spec.profile[0].ptpSchedulingPolicy"],
  [{ profile: [{ name: "p", ptpSchedulingPriority: 66 }] }, "spec.profile[0].ptpSchedulingPriority"],
  [{ profile: [{ name: "p", ptpSchedulingPriority: 0 }] }, "spec.profile[0].ptpSchedulingPriority"],
  [{ profile: [{ name: "p", ptpSettings: { logReduce: true } }] }, "spec.profile[0].ptpSettings.logReduce"],
  [
    { profile: [{ name: "p", ptpClockThreshold: { holdOverTimeout: -1 } }] },
    "spec.profile[0].ptpClockThreshold.holdOverTimeout"
  ],
  [{ profile: {} }, "spec.profile"],
  [{ recommend: [{ priority: 1 }] }, "spec.recommend[0].profile"],
  [{ recommend: [{ profile: "p", priority: -1 }] }, "spec.recommend[0].priority"],
  [{ recommend: [{ profile: "p", priority: "x" }] }, "spec.recommend[0].priority"],
  [{ recommend: [{ profile: "p", match: [{ nodeName: 5 }] }] }, "spec.recommend[0].match[0].nodeName"],
  [{ profile: [{}, { name: 1 }] }, "spec.profile[0].name", "spec.profile[1].name"]
]

const configurations = (it: ContractTests) => {
  it.effect("names the fields of a NodePTPCfg that are wrong", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      for (const [spec, ...expected] of wrongConfigurations) {
        const answer = yield* call("POST", cfgs, cfg("a", spec))
        assert.deepStrictEqual([spec, answer.status, fields(answer.body).toSorted()], [spec, 422, expected])
        assert.isTrue(textAt(answer.body, "message").startsWith("NodePTPCfg.ptp.openshift.io \"a\" is invalid: "))
      }
      assert.deepStrictEqual((yield* call("GET", cfgs)).body["items"], [])
    }))

  it.effect("refuses a change that is wrong, and keeps what was right", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const created = yield* call("POST", cfgs, cfg("a"))
      const wrong = { spec: { recommend: [{ profile: "p", priority: -1 }] } }
      const answer = yield* patch(`${cfgs}/a`, "merge-patch+json", wrong)
      assert.deepStrictEqual([answer.status, fields(answer.body)], [422, ["spec.recommend[0].priority"]])
      assert.deepStrictEqual((yield* call("GET", `${cfgs}/a`)).body, created.body)
    }))
}

const devices = (it: ContractTests) =>
  it.effect("names the fields of a NodePTPDev's status that are wrong", () =>
    Effect.gen(function*() {
      const { devs } = yield* workspace
      yield* call("POST", devs, dev("n"))
      const wrong: ReadonlyArray<readonly [JsonObject, string]> = [
        [{ clock: { state: "SYNCED" } }, "status.clock.state"],
        [{ clock: { state: "LOCKED", since: "today" } }, "status.clock.since"],
        [{ ptpDevices: [{ name: "a" }, { name: "a" }] }, "status.ptpDevices[1]"],
        [{ processes: [{ id: "a" }] }, "status.processes[0].profile"],
        [{ conditions: [{ type: "Applied" }] }, "status.conditions[0].status"]
      ]
      for (const [status, field] of wrong) {
        const answer = yield* patch(`${devs}/n/status`, "merge-patch+json", { status })
        assert.deepStrictEqual([status, answer.status], [status, 422])
        assert.include(fields(answer.body), field)
      }
    }))
