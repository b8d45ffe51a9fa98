import { assert, describe, it } from "@effect/vitest"
import { Result, type Schema } from "effect"
import * as fc from "fast-check"
import type { KubernetesObject } from "../../../src/services/kubernetes/KubernetesObject.ts"
import { decodeNodePTPCfg } from "../../../src/services/kubernetes/NodePTPCfg.ts"

const object = (spec: Schema.Json): KubernetesObject => ({ metadata: { name: "grandmaster", generation: 3 }, spec })

const problemsOf = (spec: Schema.Json) =>
  Result.match(decodeNodePTPCfg(object(spec)), { onSuccess: () => [], onFailure: (problems) => problems })

describe("decodeNodePTPCfg", () => {
  it("reads an empty spec, and lists that are absent or null, as nothing (L-28 nothing to run)", () => {
    for (const spec of [{}, { profile: null, recommend: null }, { profile: [], recommend: [] }]) {
      assert.deepStrictEqual(
        decodeNodePTPCfg(object(spec)),
        Result.succeed({ name: "grandmaster", uid: "/grandmaster", generation: 3, profiles: [], recommend: [] })
      )
    }
  })

  it("reads every field, and ignores those it does not know", () => {
    const profile = {
      name: "bc",
      interface: "ens1f0",
      ptp4lOpts: "-2 -s",
      phc2sysOpts: "-a -r",
      timemasterOpts: "-l 6",
      ts2phcOpts: "-c ens1f0",
      ptp4lConf: "[global]\n",
      phc2sysConf: "[global]\n",
      timemasterConf: "[timemaster]\n",
      ts2phcConf: "[global]\n",
      ptpSchedulingPolicy: "SCHED_FIFO" as const,
      ptpSchedulingPriority: 65,
      ptpClockThreshold: { holdOverTimeout: 5, maxOffsetThreshold: 100, minOffsetThreshold: -100 },
      ptpSettings: { logReduce: "basic" }
    }
    const recommend = [{ profile: "bc", priority: 0, match: [{ nodeLabel: "a=b", nodeName: "worker-1" }] }]
    const decoded = decodeNodePTPCfg({
      metadata: { name: "all", uid: "42" },
      spec: { profile: [{ ...profile, plugins: { e810: [1] } }], recommend, later: true }
    })
    assert.deepStrictEqual(
      decoded,
      Result.succeed({
        name: "all",
        uid: "42",
        profiles: [profile],
        recommend
      })
    )
  })

  it.each([null, "", "  ", "\t\n"])("takes %j for a field that is not given", (blank) => {
    const profile = {
      name: "a",
      interface: blank,
      ptp4lOpts: blank,
      phc2sysConf: blank,
      ptpSettings: { logReduce: blank }
    }
    const recommend = { profile: "a", priority: 1, match: [{ nodeName: blank, nodeLabel: "x" }] }
    assert.deepStrictEqual(
      decodeNodePTPCfg(object({ profile: [profile], recommend: [recommend] })),
      decodeNodePTPCfg(object({
        profile: [{ name: "a", ptpSettings: {} }],
        recommend: [{ profile: "a", priority: 1, match: [{ nodeLabel: "x" }] }]
      }))
    )
  })

  it.each<readonly [string, Schema.Json, string, string]>([
    ["no map", "x", "spec", "must be a map, not \"x\""],
    ["a list", [], "spec", "must be a map, not a list"],
    ["a profile without name", { profile: [{}] }, "spec.profile[0].name", "is missing"],
    ["a blank name", { profile: [{ name: " " }] }, "spec.profile[0].name", "is missing"],
    ["an entry without profile", { recommend: [{ priority: 1 }] }, "spec.recommend[0].profile", "is missing"],
    [
      "a priority in words",
      { recommend: [{ profile: "a", priority: "high" }] },
      "spec.recommend[0].priority",
      "must be an integer of at least 0, not \"high\""
    ],
    [
      "a negative priority",
      { recommend: [{ profile: "a", priority: -1 }] },
      "spec.recommend[0].priority",
      "must be an integer of at least 0, not -1"
    ],
    [
      "half a priority",
      { recommend: [{ profile: "a", priority: 0.5 }] },
      "spec.recommend[0].priority",
      "must be an integer of at least 0, not 0.5"
    ],
    [
      "an unknown policy",
      { profile: [{ name: "a", ptpSchedulingPolicy: "SCHED_RR" }] },
      "spec.profile[0].ptpSchedulingPolicy",
      "must be \"SCHED_OTHER\" or \"SCHED_FIFO\", not \"SCHED_RR\""
    ],
    [
      "a scheduling priority of 66",
      { profile: [{ name: "a", ptpSchedulingPriority: 66 }] },
      "spec.profile[0].ptpSchedulingPriority",
      "must be an integer from 1 to 65, not 66"
    ],
    [
      "a setting that YAML reads as a boolean",
      { profile: [{ name: "a", ptpSettings: { logReduce: false } }] },
      "spec.profile[0].ptpSettings.logReduce",
      "must be a string, not false"
    ],
    [
      "a name used twice",
      { profile: [{ name: "a" }, { name: "b" }, { name: "a" }] },
      "spec.profile[2].name",
      "must be unique in its object: \"a\" is the name of spec.profile[0]"
    ]
  ])("names the field and what is wrong: %s", (_, spec, path, message) => {
    assert.deepStrictEqual(problemsOf(spec), [{ path, message }])
  })

  it("reports every wrong field of an object, not only the first (L-30 silent mistakes)", () => {
    const paths = problemsOf({
      profile: [{ name: 5, ptpClockThreshold: 7 }],
      recommend: ["x", { profile: "a", match: [null] }]
    }).map((problem) => problem.path)
    assert.deepStrictEqual(paths, [
      "spec.profile[0].name",
      "spec.profile[0].ptpClockThreshold",
      "spec.recommend[0]",
      "spec.recommend[1].match[0]"
    ])
  })

  it("lists 20 wrong fields and counts the rest", () => {
    const problems = problemsOf({ recommend: Array.from({ length: 50 }, () => "x") })
    assert.strictEqual(problems.length, 21)
    assert.deepStrictEqual(problems.at(-1), { path: "spec", message: "has 30 more wrong fields" })
  })

  it("shows at most 40 characters of a wrong value", () => {
    const [problem] = problemsOf({ recommend: [{ profile: "a", priority: "9".repeat(1_000_000) }] })
    assert.isBelow(problem?.message.length ?? Infinity, 100)
  })

  it("refuses a profile name that could forge a line of a log", () => {
    assert.deepStrictEqual(problemsOf({ profile: [{ name: "a\nb" }] }).map((problem) => problem.path), [
      "spec.profile[0].name"
    ])
  })

  it("says that a spec is missing", () => {
    assert.deepStrictEqual(
      decodeNodePTPCfg({ metadata: { name: "empty" } }),
      Result.fail([{ path: "spec", message: "is missing" }])
    )
  })

  it("never throws, whatever the spec is, and says where it is wrong", () => {
    fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (profile, recommend) => {
      const whole = problemsOf(JSON.parse(JSON.stringify({ profile, recommend })))
      const rows = problemsOf(JSON.parse(JSON.stringify({ profile: [profile], recommend: [recommend] })))
      for (const { path } of [...whole, ...rows]) assert.match(path, /^spec\b/)
    }))
  })
})
