import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as fc from "fast-check"
import type { KubernetesObject } from "../../../src/services/kubernetes/KubernetesObject.ts"
import type { Recommendation } from "../../../src/services/kubernetes/NodePTPCfg.ts"
import { decide } from "../../../src/services/profiles/Decide.ts"
import type { Decision, SkipReason } from "../../../src/services/profiles/Decision.ts"
import { knownGoodOf, objectsOf } from "../../../src/services/profiles/KnownGoodOf.ts"
import { KnownGood } from "../../../src/services/profiles/LastKnownGood.ts"
import {
  emptyVersionMemory,
  type RejectedProfile,
  type ValidProfile,
  type VersionMemory
} from "../../../src/services/profiles/VersionMemory.ts"

const object = (name: string, spec: Schema.JsonObject, generation = 1): KubernetesObject => ({
  metadata: { name, namespace: "ptp", uid: `uid-${name}`, generation },
  spec
})

const here = [{ nodeName: "worker-1" }]
const node = { name: "worker-1", labels: { "ptp/dual": "", rack: "7" } }

const decideOn = (objects: ReadonlyArray<KubernetesObject>, memory: VersionMemory = emptyVersionMemory, minor = 4) =>
  decide({
    objects,
    node,
    interfaces: undefined,
    linuxptpVersion: { major: 4, minor, patch: 0 },
    runDir: "/run/d",
    memory
  })

/** What a daemon decides and remembers that sees these states one after the other. */
const after = (states: ReadonlyArray<ReadonlyArray<KubernetesObject>>, minor = 4) => {
  let decided = decideOn([], emptyVersionMemory, minor)
  for (const objects of states) decided = decideOn(objects, decided.memory, minor)
  return decided
}

const keep = ({ decision, memory }: { readonly decision: Decision; readonly memory: VersionMemory }): KnownGood =>
  knownGoodOf({
    memory,
    node,
    running: decision.profiles.map(({ config, name }) => ({ uid: `uid-${config}`, name }))
  })

/** With the versions that run as those that worked. */
const withWorked = ({ decision, memory }: ReturnType<typeof decide>) => ({
  decision,
  memory: {
    ...memory,
    worked: memory.profiles.filter(({ profile, uid }) =>
      decision.profiles.some(({ config, name }) => uid === `uid-${config}` && profile.name === name)
    )
  }
})

/** What the next daemon runs before the API server has answered. */
const again = (known: KnownGood, minor = 4) => decideOn(objectsOf(known), known.memory, minor).decision

const chosenBy = ({ profiles }: Decision) =>
  profiles.map(({ config, matchedBy, name, priority }) => ({ config, name, priority, matchedBy }))

const bc = (name: string, nic: string, ptp4lOpts = "-2 -s") => ({ name, interface: nic, ptp4lOpts })
const entry = (profile: string, more: Partial<Recommendation> = {}): Recommendation => ({
  profile,
  priority: 4,
  match: here,
  ...more
})
const version = (name: string, ptp4lOpts: string, generation: number): ValidProfile => ({
  uid: "uid-a",
  profile: bc(name, "eth0", ptp4lOpts),
  generation
})
const failed = (name: string): RejectedProfile => ({
  ...version(name, "-2 -s", 7),
  by: "FailedToStart",
  message: "failed to create a clock"
})

describe("knownGoodOf", () => {
  it("is nothing when nothing runs", () => {
    const elsewhere = object("a", { profile: [bc("p", "eth0")], recommend: [entry("p", { match: [] })] })
    assert.deepStrictEqual(keep(after([[]])), { node, memory: emptyVersionMemory })
    assert.deepStrictEqual(keep(after([[elsewhere]])), { node, memory: emptyVersionMemory })
  })

  it("keeps what runs and the entries that recommend it here, from whatever object, and nothing else", () => {
    const p = bc("p", "eth0")
    const matches = entry("p", { match: [{ nodeName: "worker-2" }, { nodeLabel: "rack=7" }, ...here] })
    const decided = after([[
      object("a", { profile: [bc("unused", "eth1"), p], recommend: [entry("unused", { priority: 9 })] }, 3),
      object("b", { recommend: [matches, entry("missing"), entry("p", { match: [{ nodeName: "worker-2" }] })] }, 5),
      object("c", { profile: [bc("other", "eth2")], recommend: [entry("other", { match: [] })] })
    ]])
    assert.deepStrictEqual(keep(decided), {
      node,
      memory: {
        objects: [
          { name: "a", uid: "uid-a", generation: 3, profiles: [p], recommend: [] },
          { name: "b", uid: "uid-b", generation: 5, profiles: [], recommend: [matches] }
        ],
        profiles: [{ uid: "uid-a", profile: p, generation: 3 }],
        worked: [],
        rejected: [],
        references: [{ by: "uid-b", profile: "p", holder: "uid-a" }]
      }
    })
    assert.deepStrictEqual(chosenBy(again(keep(decided))), [
      { config: "a", name: "p", priority: 4, matchedBy: "nodeLabel rack=7" }
    ])
  })

  it("keeps the version that worked in the place of the one that stands there, and why that one is not run", () => {
    const recommend = [entry("p"), entry("q")]
    const { decision, memory } = after([[
      object("a", { profile: [bc("p", "eth0"), bc("q", "eth1"), bc("r", "eth2")], recommend }, 7)
    ]])
    const known = keep({
      decision,
      memory: {
        ...memory,
        worked: [version("p", "-4", 6), version("r", "-4", 6)],
        rejected: [failed("p"), failed("r")]
      }
    })
    assert.deepStrictEqual(known.memory.objects.map(({ generation, profiles }) => ({ generation, profiles })), [
      // The object never stood like this: it has no generation.
      { generation: undefined, profiles: [version("p", "-4", 6).profile, bc("q", "eth1")] }
    ])
    assert.deepStrictEqual(known.memory.worked, [version("p", "-4", 6)])
    // Also of what does not run here now: it must not be tried again at the next start.
    assert.deepStrictEqual(known.memory.rejected, [failed("p"), failed("r")])
  })

  it("gives the generation of the versions that ran, not that of an edit that did not", () => {
    const recommend = [entry("p")]
    const good = object("a", { profile: [bc("p", "eth0")], recommend }, 3)
    const typo = object("a", { profile: [bc("p", "eth0", "-Y")], recommend }, 4)
    const known = keep(after([[good], [typo]]))
    assert.deepStrictEqual(again(known), decideOn([good]).decision)
  })

  it("binds a phc2sys for all to the same ptp4l, without the loser of a conflict", () => {
    const recommend = ["ha", "nic1", "nic2", "loser"].map((name) => entry(name))
    const profile = [
      { name: "ha", phc2sysOpts: "-a -r" },
      bc("nic1", "eth0"),
      bc("nic2", "eth1", "--domainNumber=24")
    ]
    const decided = after([[
      object("a", { profile, recommend }),
      object("b", { profile: [bc("loser", "eth1")] })
    ]])
    assert.deepStrictEqual(decided.decision.profiles.map(({ name }) => name), ["ha", "nic1", "nic2"])
    assert.deepStrictEqual(again(keep(decided)).processes, decided.decision.processes)
    assert.deepStrictEqual(keep(decided).memory.objects.map(({ name }) => name), ["a"])
  })
})

const profileNames = ["p", "q", "r", "s", "missing"]
const nics = fc.constantFrom("eth0", "eth1", "eth2", "eth3", "eth4")
const bodies: fc.Arbitrary<Schema.JsonObject> = fc.oneof(
  { weight: 5, arbitrary: nics.map((nic) => ({ interface: nic, ptp4lOpts: "-2 -s" })) },
  { weight: 2, arbitrary: nics.map((nic) => ({ interface: nic, ptp4lOpts: "--domainNumber 24 -s" })) },
  nics.map((nic) => ({ interface: nic, ptp4lOpts: "-2 -s", phc2sysOpts: "-a -r" })),
  { weight: 3, arbitrary: fc.constantFrom("-a -r", "-a", "-a -r -n 24").map((phc2sysOpts) => ({ phc2sysOpts })) },
  nics.map((nic) => ({ ts2phcOpts: `-s generic -c ${nic}` })),
  nics.map((nic) => ({ timemasterConf: `[ptp_domain 0]\ninterfaces ${nic}\n` })),
  nics.map((nic) => ({ interface: nic, ptp4lOpts: "--uds_address=/x" })),
  fc.constantFrom({ interface: 5 }, {})
)
const rules: fc.Arbitrary<Schema.JsonObject> = fc.constantFrom(
  { nodeName: "worker-1" },
  { nodeName: "worker-2" },
  { nodeLabel: "rack=7" },
  { nodeLabel: "rack=8", nodeName: " worker-1 " },
  { nodeLabel: "ptp/dual" }
)
const entries: fc.Arbitrary<Schema.JsonObject> = fc.record({
  profile: fc.constantFrom(...profileNames),
  priority: fc.constantFrom(null, 0, 4, 4, 4),
  match: fc.array(rules, { maxLength: 3 })
})
const specs: fc.Arbitrary<Schema.JsonObject> = fc.record({
  profile: fc.uniqueArray(fc.tuple(fc.constantFrom(...profileNames.slice(0, 4)), bodies), {
    selector: ([name]) => name
  })
    .map((pairs) => pairs.map(([name, body]) => ({ name, ...body }))),
  recommend: fc.array(entries, { maxLength: 6 })
})
/** A cluster at several moments, with the same objects at each. */
const histories = fc.array(fc.array(specs, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 3 }).map((
  states
) => states.map((state, at) => state.map((spec, index) => object(`cfg-${index}`, spec, at + 1))))

const reasons: ReadonlyArray<SkipReason> = [
  "NoMatch",
  "LowerPriority",
  "MissingProfile",
  "AmbiguousProfile",
  "InvalidProfile",
  "InterfaceConflict",
  "ClockConflict",
  "NotRecommended"
]
const programs = ["phc2sys after 1", "phc2sys after 2", "ts2phc after 0", "timemaster after 0"]

describe("knownGoodOf, for any objects and their edits", () => {
  it("makes the same profiles win and the same processes run, on the other side of the disk", () => {
    const seen = new Set<string>()
    const property = fc.property(histories, fc.boolean(), fc.constantFrom(4, 4, 0), (states, isProven, minor) => {
      const decided = after(states, minor)
      const known = keep(isProven ? withWorked(decided) : decided)
      const restored = Schema.decodeUnknownSync(KnownGood)(
        JSON.parse(JSON.stringify(Schema.encodeSync(KnownGood)(known)))
      )
      const next = again(restored, minor)
      assert.deepStrictEqual(next.processes, decided.decision.processes)
      assert.deepStrictEqual(chosenBy(next), chosenBy(decided.decision))
      for (const { reason } of decided.decision.skipped) seen.add(reason)
      for (const { after: others, program } of next.processes) seen.add(`${program} after ${others.length}`)
    })
    fc.assert(property, { numRuns: 1_000 })
    // What was drawn is worth something.
    assert.includeMembers([...seen], [...reasons, ...programs])
  })

  it("keeps the same when it is cut again", () => {
    fc.assert(fc.property(histories, (states) => {
      const decided = after(states)
      const known = keep(withWorked(decided))
      assert.deepStrictEqual(keep({ ...decided, memory: known.memory }), known)
    }))
  })
})
