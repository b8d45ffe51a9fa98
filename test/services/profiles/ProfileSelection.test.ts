import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { NodeIdentity } from "../../../src/services/kubernetes/Node.ts"
import type { MatchRule, NodePTPCfg, Recommendation } from "../../../src/services/kubernetes/NodePTPCfg.ts"
import { selectProfiles } from "../../../src/services/profiles/ProfileSelection.ts"
import { sortProblems, sortSkipped } from "../../../src/services/profiles/ResultOrder.ts"

const node: NodeIdentity = { name: "worker-1", labels: { "ptp/role": "bc", zone: "", rack: "7=b" } }

const config = (
  name: string,
  profiles: ReadonlyArray<string>,
  recommend: ReadonlyArray<Recommendation> = []
): NodePTPCfg => ({
  name,
  uid: `uid-${name}`,
  generation: 1,
  profiles: profiles.map((profile) => ({ name: profile })),
  recommend
})

const entry = (profile: string, priority: number, ...match: ReadonlyArray<MatchRule>): Recommendation => ({
  profile,
  priority,
  match
})

const here: MatchRule = { nodeName: "worker-1" }

const winnersOf = (...configs: ReadonlyArray<NodePTPCfg>) =>
  selectProfiles(configs, node).winners.map((winner) => `${winner.config}/${winner.name}`)

const skippedOf = (...configs: ReadonlyArray<NodePTPCfg>) =>
  selectProfiles(configs, node).skipped.map((row) => `${row.config}/${row.name} ${row.reason}`)

const problemsOf = (...configs: ReadonlyArray<NodePTPCfg>) =>
  selectProfiles(configs, node).problems.map((row) => `${row.severity} ${row.config} ${row.path}`)

const shuffled = <A>(items: ReadonlyArray<A>) => fc.shuffledSubarray([...items], { minLength: items.length })

const problem = (path: string) => ({ severity: "error" as const, config: "a", path, message: "m" })

describe("selectProfiles", () => {
  it("selects nothing from nothing", () => {
    const nothing = { winners: [], invalid: [], skipped: [], problems: [], references: [] }
    assert.deepStrictEqual(selectProfiles([], node), nothing)
    assert.deepStrictEqual(selectProfiles([config("a", [])], node), nothing)
  })

  it.each<readonly [string, MatchRule, string | undefined]>([
    ["a name that is exact", { nodeName: "worker-1" }, "nodeName worker-1"],
    ["a name with blanks around", { nodeName: " worker-1 " }, "nodeName worker-1"],
    ["not a prefix of the name", { nodeName: "worker" }, undefined],
    ["a label with its value", { nodeLabel: "ptp/role=bc" }, "nodeLabel ptp/role=bc"],
    ["not a label with another value", { nodeLabel: "ptp/role=gm" }, undefined],
    ["a value with an equals sign: the first one splits", { nodeLabel: "rack=7=b" }, "nodeLabel rack=7=b"],
    ["key= for an empty value", { nodeLabel: "zone=" }, "nodeLabel zone="],
    ["not key= for another value", { nodeLabel: "rack=" }, undefined],
    ["a bare key for any value", { nodeLabel: "rack" }, "nodeLabel rack"],
    ["a bare key for an empty value", { nodeLabel: "zone" }, "nodeLabel zone"],
    ["not a key that the node lacks", { nodeLabel: "constructor" }, undefined],
    ["either field", { nodeName: "other", nodeLabel: "rack" }, "nodeLabel rack"],
    ["the name before the label", { nodeName: "worker-1", nodeLabel: "rack" }, "nodeName worker-1"]
  ])("matches %s", (_, rule, expected) => {
    const { winners } = selectProfiles([config("a", ["p"], [entry("p", 0, rule)])], node)
    assert.strictEqual(winners[0]?.matchedBy, expected)
  })

  it("names the first rule that matches", () => {
    const rules = [{ nodeName: "other" }, { nodeLabel: "rack" }, { nodeName: "worker-1" }]
    const { winners } = selectProfiles([config("a", ["p"], [entry("p", 0, ...rules)])], node)
    assert.strictEqual(winners[0]?.matchedBy, "nodeLabel rack")
  })

  it("runs the lowest number that matches, and every profile recommended at it", () => {
    const a = config("a", ["p", "q", "r", "s"], [entry("p", 4, here), entry("q", 4, here), entry("r", 10, here)])
    const b = config("b", ["s"], [entry("s", 0, { nodeName: "worker-2" })])
    assert.deepStrictEqual(winnersOf(a, b), ["a/p", "a/q"])
    assert.deepStrictEqual(skippedOf(a, b), ["a/r LowerPriority", "b/s NoMatch", "a/s NotRecommended"])
  })

  it("runs a profile once that is recommended twice, and names a nodeName before a nodeLabel (L-02 two copies)", () => {
    const twice = config("a", ["p"], [entry("p", 0, { nodeLabel: "rack" }), entry("p", 0, here)])
    assert.deepStrictEqual(winnersOf(twice), ["a/p"])
    assert.deepStrictEqual(skippedOf(twice), [])
    assert.strictEqual(selectProfiles([twice], node).winners[0]?.matchedBy, "nodeName worker-1")
  })

  it("ranks a missing priority after all others and reports it", () => {
    const missing: Recommendation = { profile: "p", match: [here] }
    assert.deepStrictEqual(winnersOf(config("a", ["p", "q"], [missing, entry("q", 1000, here)])), ["a/q"])
    assert.deepStrictEqual(selectProfiles([config("a", ["p"], [missing])], node).winners[0]?.priority, null)
    assert.deepStrictEqual(problemsOf(config("a", ["p"], [missing])), ["warning a spec.recommend[0].priority"])
  })

  it("reports rules that match no node at all", () => {
    const dead = config("a", ["p"], [
      entry("p", 0),
      { profile: "p", priority: 0 },
      entry("p", 0, here, {}, { nodeLabel: "=x", nodeName: "Worker-1" }),
      entry("p", 0, { nodeLabel: "rack==7", nodeName: "worker-1" })
    ])
    assert.deepStrictEqual(problemsOf(dead), [
      "warning a spec.recommend[0].match",
      "warning a spec.recommend[1].match",
      "warning a spec.recommend[2].match[1]",
      "warning a spec.recommend[2].match[2].nodeName",
      "warning a spec.recommend[2].match[2].nodeLabel",
      "warning a spec.recommend[3].match[0].nodeLabel"
    ])
    assert.deepStrictEqual(skippedOf(dead), ["a/p NoMatch", "a/p NoMatch"])
  })

  it("takes a profile of the same object before one of another", () => {
    const a = config("a", ["p"], [entry("p", 0, here)])
    assert.deepStrictEqual(winnersOf(a, config("b", ["p"])), ["a/p"])
    assert.deepStrictEqual(skippedOf(a, config("b", ["p"])), ["b/p NotRecommended"])
  })

  it("takes the one other object that has the profile, and guesses among none", () => {
    const a = config("a", [], [entry("p", 0, here)])
    assert.deepStrictEqual(winnersOf(a, config("b", ["p"])), ["b/p"])
    assert.deepStrictEqual(winnersOf(a, config("b", ["p"]), config("c", ["p"])), [])
    assert.deepStrictEqual(skippedOf(a, config("b", ["p"]), config("c", ["p"])), ["a/p AmbiguousProfile"])
    assert.deepStrictEqual(problemsOf(a, config("b", ["p"]), config("c", ["p"])), ["error a spec.recommend[0].profile"])
  })

  it("goes on to the next priority when no profile is left at one", () => {
    const a = config("a", ["p"], [entry("typo", 0, here), entry("p", 4, here)])
    assert.deepStrictEqual(winnersOf(a), ["a/p"])
    assert.deepStrictEqual(skippedOf(a), ["a/typo MissingProfile"])
    assert.deepStrictEqual(problemsOf(a), ["error a spec.recommend[0].profile"])
  })

  it("lets the other entries of a priority run when one has no profile", () => {
    const a = config("a", ["p", "q"], [entry("typo", 0, here), entry("p", 0, here), entry("q", 4, here)])
    assert.deepStrictEqual(winnersOf(a), ["a/p"])
    assert.deepStrictEqual(skippedOf(a), ["a/typo MissingProfile", "a/q LowerPriority"])
  })

  it("counts a profile that can't run as missing", () => {
    const a = config("a", ["bad", "p"], [entry("bad", 0, here), entry("p", 4, here)])
    const selection = selectProfiles([a], node, (uid, profile) => uid === "uid-a" && profile === "bad")
    assert.deepStrictEqual(selection.winners.map((winner) => winner.name), ["p"])
    assert.deepStrictEqual(selection.skipped.map((row) => row.reason), ["InvalidProfile"])
    assert.deepStrictEqual(selection.invalid, [{ uid: "uid-a", name: "bad" }])
  })

  it("only warns of a missing profile that this node would not run", () => {
    const a = config("a", ["p"], [
      entry("typo", 0, { nodeName: "worker-2" }),
      entry("p", 0, here),
      entry("typo", 1, here)
    ])
    assert.deepStrictEqual(problemsOf(a), [
      "warning a spec.recommend[0].profile",
      "warning a spec.recommend[2].profile"
    ])
  })

  const names = fc.constantFrom("p", "q", "r")
  const rules = fc.constantFrom<MatchRule>(here, { nodeLabel: "rack" }, { nodeLabel: "zone=x" }, {
    nodeName: "worker-2"
  }, {})
  const recommendations = fc.record<Recommendation>({
    profile: names,
    priority: fc.integer({ min: 0, max: 3 }),
    match: fc.array(rules, { maxLength: 2 })
  })
  const configs = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom("a", "b", "c"),
      profiles: fc.uniqueArray(names),
      recommend: fc.array(recommendations)
    }),
    { selector: ({ name }) => name }
  ).map((rows) => rows.map(({ name, profiles, recommend }) => config(name, profiles, recommend)))
  const reordered = configs.chain((all) =>
    fc.tuple(
      fc.constant(all),
      shuffled(all).chain((objects) =>
        fc.tuple(...objects.map((object) =>
          fc.tuple(shuffled(object.profiles), shuffled(object.recommend)).map(([profiles, recommend]) => ({
            name: object.name,
            uid: object.uid,
            generation: 1,
            profiles,
            recommend
          }))
        ))
      )
    )
  )

  it("does not depend on the order of objects, profiles and entries", () => {
    fc.assert(fc.property(reordered, ([all, others]) => {
      const one = selectProfiles(all, node)
      const other = selectProfiles(others, node)
      assert.deepStrictEqual(other.winners, one.winners)
      assert.deepStrictEqual(sortSkipped(other.skipped), sortSkipped(one.skipped))
    }))
  })

  it("gives every entry an end: it won or there is a reason why not", () => {
    fc.assert(fc.property(configs, (all) => {
      const { skipped, winners } = selectProfiles(all, node)
      const entries = all.reduce((sum, object) => sum + object.recommend.length, 0)
      const won = winners.reduce((sum, winner) => sum + winner.recommendedBy.length, 0)
      const lost = skipped.filter((row) => row.reason !== "NotRecommended").length
      assert.strictEqual(won + lost, entries)
    }))
  })

  it("is not disturbed by what is meant for another node", () => {
    fc.assert(fc.property(configs, (all) => {
      const other = config("z", ["z"], [
        entry("z", 0, { nodeName: "worker-2" }),
        entry("typo", 0, { nodeName: "worker-2" })
      ])
      assert.deepStrictEqual(selectProfiles([...all, other], node).winners, selectProfiles(all, node).winners)
    }))
  })
})

describe("sortProblems", () => {
  it("sorts numbers in paths as numbers and drops equal rows", () => {
    assert.deepStrictEqual(sortProblems([problem("p[10]"), problem("p[2]"), problem("p[10]")]), [
      problem("p[2]"),
      problem("p[10]")
    ])
  })

  it("tells 500 problems, errors first, and counts the rest", () => {
    const warnings = Array.from({ length: 700 }, (_, n) => ({ ...problem(`p[${n}]`), severity: "warning" as const }))
    const rows = sortProblems([...warnings, problem("p[999]")])
    assert.strictEqual(rows.length, 501)
    assert.deepInclude(rows, problem("p[999]"))
    assert.strictEqual(rows.at(-1)?.message, "201 more problems are not listed")
  })
})
