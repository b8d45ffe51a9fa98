import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { KubernetesObject } from "../../../src/services/kubernetes/KubernetesObject.ts"
import { decide } from "../../../src/services/profiles/Decide.ts"
import type { KnownInterface } from "../../../src/services/profiles/TimeStampingCheck.ts"
import { emptyVersionMemory, VersionMemory } from "../../../src/services/profiles/VersionMemory.ts"

const object = (name: string, spec: Schema.JsonObject, generation = 1): KubernetesObject => ({
  metadata: { name, namespace: "ptp", uid: `uid-${name}`, generation },
  spec
})

const here = [{ nodeName: "worker-1" }]
const entry = (profile: string, priority = 4, match: Schema.Json = here): Schema.JsonObject => ({
  profile,
  priority,
  match
})
const bc = (name: string, nic: string, more: Schema.JsonObject = {}): Schema.JsonObject => ({
  name,
  interface: nic,
  ptp4lOpts: "-2 -s",
  ...more
})

const ha = (name: string) => ({ name, phc2sysOpts: "-a -r" })

const decideOn = (objects: ReadonlyArray<KubernetesObject>, memory: VersionMemory = emptyVersionMemory, minor = 4) =>
  decide({
    objects,
    node: { name: "worker-1", labels: {} },
    interfaces: undefined,
    linuxptpVersion: { major: 4, minor, patch: 0 },
    runDir: "/run/d",
    memory
  })

const decisionOn = (...args: Parameters<typeof decideOn>) => decideOn(...args).decision

const runningOn = (...args: Parameters<typeof decideOn>) =>
  decisionOn(...args).processes.map(({ config, profile, program }) => `${config}/${profile} ${program}`)

const skippedOn = (...args: Parameters<typeof decideOn>) =>
  decisionOn(...args).skipped.map(({ config, name, reason }) => `${config}/${name} ${reason}`)

/** What a daemon decides that sees these states one after the other. */
const after = (...states: ReadonlyArray<ReadonlyArray<KubernetesObject>>) => {
  let memory = emptyVersionMemory
  let decision = decisionOn([])
  for (const objects of states) ({ decision, memory } = decideOn(objects, memory))
  return decision
}

describe("decide", () => {
  it("runs nothing on a node that nothing matches, without a problem (L-28 nothing to run)", () => {
    const nothing = { profiles: [], skipped: [], processes: [], problems: [], rolledBack: [] }
    assert.deepStrictEqual(decisionOn([]), nothing)
    assert.deepStrictEqual(decisionOn([object("a", {})]), nothing)
  })

  it.each(["", " ", "\n", null])("takes %j in a field for a field that is absent (L-32 empty strings)", (blank) => {
    const fields = [
      "interface",
      ...["ptp4l", "phc2sys", "ts2phc", "timemaster"].flatMap((it) => [`${it}Opts`, `${it}Conf`])
    ]
    const blanks = Object.fromEntries(fields.map((field) => [field, blank]))
    const on = (profile: Schema.Json) => decisionOn([object("a", { profile: [profile], recommend: [entry("p")] })])
    assert.deepStrictEqual(on({ name: "p", ...blanks }), on({ name: "p" }))
    assert.deepStrictEqual(on({ ...blanks, ...bc("p", "eth0") }), on(bc("p", "eth0")))
    assert.deepStrictEqual(on(bc("p", "eth0")).problems, [])
  })

  it("says of a winner where it comes from, why, and what the daemon needs of it (L-40 two owners of a NIC)", () => {
    const more = { ptpClockThreshold: { maxOffsetThreshold: 50 }, ptpSettings: { logReduce: "basic", unknown: "x" } }
    const { profiles } = decisionOn([object("a", { profile: [bc("p", "eth0", more)], recommend: [entry("p", 0)] }, 7)])
    assert.deepStrictEqual(profiles, [{
      config: "a",
      name: "p",
      generation: 7,
      priority: 0,
      matchedBy: "nodeName worker-1",
      interfaces: ["eth0"],
      clockThreshold: { holdOverTimeoutSeconds: 5, maxOffsetNs: 50, minOffsetNs: -100 },
      settings: { logReduce: "basic" }
    }])
  })

  it("names profile, field and option in a problem, and marks what is not this node's (L-30 silent mistakes)", () => {
    const spec = { profile: [bc("p", "eth0", { ptp4lOpts: "--uds_address=/etc/passwd" })] }
    const [problem] = decisionOn([object("a", { ...spec, recommend: [entry("p")] })]).problems
    assert.strictEqual(problem?.path, "spec.profile[0].ptp4lOpts")
    assert.match(problem?.message ?? "", /^profile "p", ptp4lOpts: --uds_address: not allowed/)
    assert.isUndefined(problem?.elsewhere)
    const elsewhere = [entry("p", 4, [{ nodeName: "worker-2" }])]
    assert.strictEqual(decisionOn([object("a", { ...spec, recommend: elsewhere })]).problems[0]?.elsewhere, true)
  })

  it("refuses a NIC that the node does not have, and none when its NICs are not known", () => {
    const pulse = { ts2phcOpts: "-s generic -c eth1" }
    const objects = [object("a", { profile: [bc("p", "eth0", pulse)], recommend: [entry("p")] })]
    const problemsWith = (interfaces: ReadonlyArray<string> | undefined) =>
      decide({
        objects,
        node: { name: "worker-1", labels: {} },
        interfaces: interfaces?.map((name) => ({ name })),
        linuxptpVersion: { major: 4, minor: 4, patch: 0 },
        runDir: "/run/d",
        memory: emptyVersionMemory
      }).decision.problems.map(({ path, severity }) => `${severity} ${path}`)
    assert.deepStrictEqual(problemsWith(undefined), [])
    assert.deepStrictEqual(problemsWith(["eth1", "eth0"]), [])
    assert.deepStrictEqual(problemsWith([]), ["error spec.profile[0].interface", "error spec.profile[0].ts2phcOpts"])
  })

  it("counts neither of two different objects of one name, and one of two equal ones", () => {
    const spec = { profile: [bc("p", "eth0")], recommend: [entry("p")] }
    const one = object("a", spec)
    const same = { ...one, metadata: { ...one.metadata, uid: "other" } }
    const other = { ...same, spec: { ...spec, recommend: [] } }
    assert.deepStrictEqual(runningOn([one, same]), ["a/p ptp4l"])
    assert.deepStrictEqual(decisionOn([one, same]).problems.map(({ message }) => message), ["is given 2 times"])
    assert.deepStrictEqual(runningOn([one, other]), [])
    assert.deepStrictEqual(decisionOn([one, other]), decisionOn([other, one]))
    assert.deepStrictEqual(decisionOn([one, other]).problems.map(({ path }) => path), ["metadata.name"])
  })
})

describe("conflicts among winners", () => {
  it("gives a NIC to the first by object and profile name, and skips the other profile whole (L-40 two owners of a NIC)", () => {
    const b = object("b", { profile: [bc("a", "eth0")], recommend: [entry("a")] })
    const a = object("a", { profile: [bc("z", "eth0"), bc("y", "eth1")], recommend: [entry("z"), entry("y")] })
    assert.deepStrictEqual(runningOn([b, a]), ["a/y ptp4l", "a/z ptp4l"])
    assert.deepStrictEqual(skippedOn([b, a]), ["b/a InterfaceConflict"])
    assert.deepStrictEqual(decisionOn([b, a]).problems.map(({ message }) => message), [
      "profile \"a\" does not run: eth0 belongs to profile \"z\" of a"
    ])
  })

  it("gives the NIC whose clock ts2phc steers to one profile", () => {
    const gnss = { ts2phcOpts: "-s generic -c ens1f0" }
    const profile = [{ name: "p", ...gnss }, { name: "q", ...gnss }]
    const objects = [object("a", { profile, recommend: [entry("p"), entry("q")] })]
    assert.deepStrictEqual(runningOn(objects), ["a/p ts2phc"])
    assert.deepStrictEqual(skippedOn(objects), ["a/q InterfaceConflict"])
  })

  it("gives the system clock to one profile (L-40 two owners of a NIC)", () => {
    const more = { phc2sysOpts: "-a -r" }
    const objects = [
      object("a", { profile: [bc("p", "eth0", more), bc("q", "eth1", more)], recommend: [entry("q"), entry("p")] })
    ]
    assert.deepStrictEqual(runningOn(objects), ["a/p phc2sys", "a/p ptp4l"])
    assert.deepStrictEqual(skippedOn(objects), ["a/q ClockConflict"])
  })

  it("lets no timemaster and no ptp4l have one NIC", () => {
    const timemaster = { name: "p", timemasterConf: "[ptp_domain 0]\ninterfaces eth0\n" }
    const objects = [object("a", { profile: [timemaster, bc("q", "eth0")], recommend: [entry("q"), entry("p")] })]
    assert.deepStrictEqual(runningOn(objects), ["a/p timemaster"])
    assert.deepStrictEqual(skippedOn(objects), ["a/q InterfaceConflict"])
  })

  it("lets one phc2sys serve all ptp4l of the winners, each with its own domain (L-41 one ptp4l per host)", () => {
    const dual = {
      profile: [ha("ha"), bc("nic1", "eth0"), bc("nic2", "eth1", { ptp4lOpts: "--domainNumber=24" })],
      recommend: [entry("ha"), entry("nic1"), entry("nic2")]
    }
    const phc2sys = decisionOn([object("a", dual)]).processes.find(({ program }) => program === "phc2sys")
    assert.strictEqual(phc2sys?.argv.filter((word) => word === "-z").length, 2)
    assert.deepStrictEqual(phc2sys?.argv.filter((_, at, all) => all[at - 1] === "-n").sort(), ["0", "24"])
    assert.strictEqual(phc2sys?.after.length, 2)
    assert.deepStrictEqual(runningOn([object("a", dual)], emptyVersionMemory, 0), ["a/nic1 ptp4l", "a/nic2 ptp4l"])
    assert.deepStrictEqual(skippedOn([object("a", dual)], emptyVersionMemory, 0), ["a/ha InvalidProfile"])
  })

  it("counts a phc2sys for all as missing when there is no ptp4l, so that the next priority runs", () => {
    const objects = [object("a", { profile: [ha("ha"), bc("p", "eth0")], recommend: [entry("ha", 0), entry("p", 4)] })]
    assert.deepStrictEqual(runningOn(objects), ["a/p ptp4l"])
    assert.deepStrictEqual(skippedOn(objects), ["a/ha InvalidProfile"])
    assert.deepStrictEqual(decisionOn(objects).problems.map(({ path }) => path), ["spec.profile[0].phc2sysOpts"])
  })

  it("frees the clock of a phc2sys that turns out to have no ptp4l", () => {
    const own = bc("z", "eth0", { phc2sysOpts: "-a -r" })
    const objects = [object("a", { profile: [ha("ha"), own], recommend: [entry("ha"), entry("z")] })]
    assert.deepStrictEqual(runningOn(objects), ["a/z phc2sys", "a/z ptp4l"])
  })
})

describe("time stamps that a NIC has not", () => {
  const software = [{ name: "eth0", hardwareTimestamping: false, isTold: true }]
  const decideWith = (
    profile: Schema.JsonObject,
    interfaces: ReadonlyArray<KnownInterface> | undefined,
    memory: VersionMemory = emptyVersionMemory
  ) =>
    decide({
      objects: [object("a", { profile: [profile], recommend: [entry("p")] })],
      node: { name: "worker-1", labels: {} },
      interfaces,
      linuxptpVersion: { major: 4, minor: 4, patch: 0 },
      runDir: "/run/d",
      memory
    })

  it("make the profile invalid before anything is stopped, and what was valid last runs on", () => {
    const before = decideWith(bc("p", "eth0", { ptp4lOpts: "-2 -S" }), software)
    assert.deepStrictEqual(before.decision.problems, [])
    const { decision } = decideWith(bc("p", "eth0"), software, before.memory)
    assert.deepStrictEqual(decision.processes, before.decision.processes)
    assert.include(decision.problems.map(({ message }) => message).join(), "eth0 has no hardware time stamps")
    assert.deepStrictEqual(decideWith(bc("p", "eth0"), software).decision.processes, [])
  })

  it.each([
    ["the NIC has them", bc("p", "eth0"), [{ name: "eth0", hardwareTimestamping: true }]],
    ["it is not known what the NIC has", bc("p", "eth0"), [{ name: "eth0" }]],
    ["the kernel can't tell", bc("p", "eth0"), [{ name: "eth0", hardwareTimestamping: false, isTold: false }]],
    ["the NIC is not there yet", bc("p", "eth0"), []],
    ["nothing is known", bc("p", "eth0"), undefined],
    ["stamps are software", bc("p", "eth0", { ptp4lConf: "[global]\ntime_stamping software\n" }), software]
  ])("are no mistake where %s", (_, profile, interfaces) => {
    assert.strictEqual(decideWith(profile, interfaces).decision.processes.length, 1)
  })

  it("never stop a version that has worked: a driver that starts anew has none for a moment", () => {
    const profile = bc("p", "eth0")
    const { memory } = decideWith(profile, [{ name: "eth0", hardwareTimestamping: true }])
    const worked = { ...memory, worked: memory.profiles }
    assert.strictEqual(decideWith(profile, software, worked).decision.processes.length, 1)
  })
})

describe("what was valid last", () => {
  const good = object("a", { profile: [bc("p", "eth0")], recommend: [entry("p")] }, 3)
  const undecodable = object("a", { profile: "oops" }, 4)
  const typo = object("a", {
    profile: [bc("p", "eth0", { ptp4lOpts: "--sumary_interval 1" })],
    recommend: [entry("p")]
  }, 4)

  it("goes on when the object can no longer be read", () => {
    const decision = after([good], [undecodable])
    assert.deepStrictEqual(decision.processes, decisionOn([good]).processes)
    assert.strictEqual(decision.profiles[0]?.generation, 3)
    assert.deepStrictEqual(decision.problems.map(({ message, severity }) => `${severity} ${message}`), [
      "warning is not valid: its last valid version (generation 3) counts instead",
      "error must be a list, not \"oops\""
    ])
  })

  it("goes on when a profile is no longer valid, and the newest valid one runs again", () => {
    const mended = object("a", { profile: [bc("p", "eth5")], recommend: [entry("p")] }, 5)
    assert.deepStrictEqual(after([good], [typo]).processes, decisionOn([good]).processes)
    assert.strictEqual(after([good], [typo]).profiles[0]?.generation, 3)
    assert.deepStrictEqual(after([good], [typo], [typo], [undecodable], [typo]).processes, decisionOn([good]).processes)
    assert.deepStrictEqual(after([good], [typo], [mended]), decisionOn([mended]))
    assert.deepStrictEqual(skippedOn([good]), [])
  })

  it("is nothing for an object or profile that was never valid", () => {
    assert.deepStrictEqual(runningOn([undecodable]), [])
    assert.deepStrictEqual(runningOn([typo]), [])
    assert.deepStrictEqual(skippedOn([typo]), ["a/p InvalidProfile"])
  })

  it("says of an object that cannot be read which of its rules match", () => {
    const elsewhere = { profile: "p", priority: 4, match: [{ nodeName: "worker-2" }] }
    const odd = [7, { profile: 7 }, { profile: "q", match: "all" }, {
      profile: "r",
      match: [7, { nodeName: "worker-1" }]
    }, { profil: "s", match: [{ nodeName: "worker-1" }] }]
    const spec = { profile: [bc("p", "eth0")], recommend: [{ ...entry("p"), priority: "high" }, elsewhere, ...odd] }
    assert.deepStrictEqual(skippedOn([object("a", spec)]), [
      "a/ InvalidProfile",
      "a/p InvalidProfile",
      "a/p NoMatch",
      "a/q NoMatch",
      "a/r InvalidProfile"
    ])
    const { skipped } = decisionOn([object("a", spec)])
    assert.strictEqual(skipped[1]?.message, "nodeName worker-1 matches, but the object is not valid")
  })

  it("has no such rows for an object whose last valid version counts", () => {
    const valid = { profile: [bc("p", "eth0")], recommend: [entry("p")] }
    const decision = after([object("a", valid)], [object("a", { ...valid, recommend: 7 }, 2)])
    assert.deepStrictEqual(decision.skipped, [])
    assert.strictEqual(decision.profiles.length, 1)
  })

  it("runs the good one of two profiles at one priority, and tells of the bad one (L-29 one bad profile)", () => {
    const profile = [bc("bad", "eth0", { ptp4lOpts: "-Y" }), bc("good", "eth1")]
    const objects = [object("a", { profile, recommend: [entry("bad"), entry("good")] })]
    assert.deepStrictEqual(runningOn(objects), ["a/good ptp4l"])
    assert.deepStrictEqual(decisionOn(objects).problems.map(({ path }) => path), ["spec.profile[0].ptp4lOpts"])
  })

  it("leaves the running profile alone when a new one of priority 0 has a typo (L-29 one bad profile)", () => {
    const urgent = object("b", { profile: [bc("p", "eth0", { ptp4lOpts: "-Y" })], recommend: [entry("p", 0)] })
    assert.deepStrictEqual(after([good], [good, urgent]).processes, decisionOn([good]).processes)
  })

  it("ends with the object and with the recommendation", () => {
    assert.deepStrictEqual(after([good], [undecodable], []).processes, [])
    assert.deepStrictEqual(after([good], [object("a", { profile: [bc("p", "eth0")] })]).processes, [])
    assert.deepStrictEqual(
      after([good], [typo], [object("a", { profile: [bc("p", "eth0", { ptp4lOpts: "-Y" })] })]).processes,
      []
    )
  })

  it("is forgotten with the object: one of the same name is another one", () => {
    const { memory } = decideOn([], decideOn([good]).memory)
    assert.deepStrictEqual(memory, emptyVersionMemory)
    const again = { ...undecodable, metadata: { ...undecodable.metadata, uid: "new" } }
    assert.deepStrictEqual(after([good], [again]).processes, [])
  })

  it("serves a phc2sys for all that lost its ptp4l by an edit of its own", () => {
    const own = object("a", { profile: [bc("p", "eth0", { phc2sysOpts: "-a -r" })], recommend: [entry("p")] })
    const lost = object("a", { profile: [{ name: "p", phc2sysOpts: "-a -r" }], recommend: [entry("p")] })
    assert.deepStrictEqual(after([own], [lost], [lost]).processes, decisionOn([own]).processes)
    assert.include(after([own], [lost]).problems.map(({ severity }) => severity), "error")
  })

  it("is kept while a profile can't run for want of another one", () => {
    const recommend = [entry("ha"), entry("nic")]
    const both = object("a", { profile: [ha("ha"), bc("nic", "eth0")], recommend })
    const alone = object("a", { profile: [ha("ha")], recommend: [entry("ha")] })
    const broken = object("a", { profile: [{ name: "ha", phc2sysOpts: "-a -Y" }, bc("nic", "eth0")], recommend })
    assert.deepStrictEqual(after([both], [alone]).processes, [])
    assert.deepStrictEqual(after([both], [alone], [broken]).processes, decisionOn([both]).processes)
  })

  it("outlives the daemon as JSON", () => {
    const dual = object("b", { profile: [ha("ha"), bc("nic", "eth1", { ptpSettings: { logReduce: "basic" } })] })
    const { memory } = decideOn([good, dual])
    const reread = Schema.decodeUnknownSync(Schema.fromJsonString(VersionMemory))(JSON.stringify(memory))
    assert.deepStrictEqual(reread, memory)
    assert.deepStrictEqual(decisionOn([typo], reread).processes, decisionOn([good]).processes)
  })
})
