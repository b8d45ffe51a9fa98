import { assert, describe, it } from "@effect/vitest"
import type { KubernetesObject } from "../../../src/services/kubernetes/KubernetesObject.ts"
import type { ProcessSpec } from "../../../src/services/processes/ProcessSpec.ts"
import { newProcessStatus, type ProcessStatus } from "../../../src/services/processes/ProcessSupervisor.ts"
import { decide } from "../../../src/services/profiles/Decide.ts"
import { missingText } from "../../../src/services/profiles/MissingInterface.ts"
import { learnFrom } from "../../../src/services/profiles/Rollback.ts"
import { emptyVersionMemory } from "../../../src/services/profiles/VersionMemory.ts"

const object = (
  name: string,
  priority: number,
  profile: Readonly<Record<string, string>>,
  generation = 1
): KubernetesObject => ({
  metadata: { name, namespace: "ptp", uid: `uid-${name}`, generation },
  spec: {
    profile: [{ name, ...profile }],
    recommend: [{ profile: name, priority, match: [{ nodeName: "worker-1" }] }]
  }
})

const clock = (nic: string) => ({ interface: nic, ptp4lOpts: "-2", phc2sysOpts: "-a -r" })
const nics = ["ens787f0", "ens787f1", "lo"]

const running = (spec: ProcessSpec): ProcessStatus => ({ ...newProcessStatus(spec), state: "Running", wasReady: true })

/** A daemon whose processes are all ready when `work` is called. */
const makeDaemon = () => {
  let memory = emptyVersionMemory
  let decided: ReturnType<typeof decide> | undefined
  const see = (objects: ReadonlyArray<KubernetesObject>, interfaces: ReadonlyArray<string> | "unknown" = nics) => {
    decided = decide({
      objects,
      node: { name: "worker-1", labels: {} },
      interfaces: interfaces === "unknown" ? undefined : interfaces.map((name) => ({ name })),
      linuxptpVersion: { major: 4, minor: 4, patch: 0 },
      runDir: "/run/d",
      memory
    })
    memory = decided.memory
    return decided.decision
  }
  return {
    see,
    work: () => {
      const statuses = (decided?.decision.processes ?? []).map(running)
      memory = learnFrom(memory, decided?.running ?? [], statuses)
    }
  }
}

const told = ({ problems }: ReturnType<ReturnType<typeof makeDaemon>["see"]>) =>
  problems.map(({ message, path, reason, severity }) => `${severity} ${reason ?? ""} ${path}: ${message}`)
const portsOf = ({ profiles }: ReturnType<ReturnType<typeof makeDaemon>["see"]>) =>
  profiles.map(({ interfaces, name }) => `${name} ${interfaces.join()}`)

const present = object("clock", 4, clock("ens787f1"))

describe("an interface that the node does not have", () => {
  it("in an edit leaves the last version running, and that version's processes are not touched", () => {
    const daemon = makeDaemon()
    const before = daemon.see([present])
    daemon.work()
    const edited = object("clock", 4, clock("ens787fl"), 2)
    const after = daemon.see([edited])
    assert.deepStrictEqual(after.processes, before.processes)
    assert.deepStrictEqual(told(after), [
      "error InterfaceMissing spec.profile[0].interface: profile \"clock\", interface: worker-1 has no interface " +
      "ens787fl (did you mean ens787f1?); its last version (generation 1) runs until it comes"
    ])
    assert.deepStrictEqual(after.rolledBack, [])
    const there = daemon.see([edited], [...nics, "ens787fl"])
    assert.deepStrictEqual([portsOf(there), told(there)], [["clock ens787fl"], []])
  })

  it("in an edit leaves the last version running that never had a grandmaster", () => {
    const daemon = makeDaemon()
    const before = daemon.see([present])
    assert.deepStrictEqual(daemon.see([object("clock", 4, clock("ens787fl"), 2)]).processes, before.processes)
  })

  it("in a new object leaves the next priority running", () => {
    const daemon = makeDaemon()
    const before = daemon.see([present])
    daemon.work()
    const nonic = object("nonic", 1, clock("ens999f9"))
    const after = daemon.see([present, nonic])
    assert.deepStrictEqual(after.processes, before.processes)
    assert.deepStrictEqual(told(after), [
      "error InterfaceMissing spec.profile[0].interface: profile \"nonic\", interface: worker-1 has no interface " +
      "ens999f9; what else is recommended runs until it comes"
    ])
    assert.deepStrictEqual(portsOf(daemon.see([present, nonic], [...nics, "ens999f9"])), ["nonic ens999f9"])
  })

  it("does not take the system clock from another profile of the same priority", () => {
    const daemon = makeDaemon()
    daemon.see([present])
    daemon.work()
    const first = object("a", 4, clock("ens999f9"))
    const after = daemon.see([first, present])
    assert.deepStrictEqual(portsOf(after), ["clock ens787f1"])
    assert.deepStrictEqual(portsOf(daemon.see([first, present], [...nics, "ens999f9"])), ["a ens999f9"])
    // Also where not everything is doubtful.
    const third = object("b", 4, { interface: "ens787f0", ptp4lOpts: "-2" })
    assert.deepStrictEqual(portsOf(daemon.see([first, third, present])), ["b ens787f0", "clock ens787f1"])
  })

  it("is started all the same where nothing else can run", () => {
    const after = makeDaemon().see([object("nonic", 1, clock("ens999f9"))])
    assert.deepStrictEqual(after.processes.map(({ program }) => program), ["phc2sys", "ptp4l"])
    assert.include(told(after)[0] ?? "", "it is started again and again until it comes")
  })

  it("does not end a version that worked: its NIC went away", () => {
    const daemon = makeDaemon()
    const before = daemon.see([present, object("spare", 9, clock("ens787f0"))])
    daemon.work()
    const after = daemon.see([present, object("spare", 9, clock("ens787f0"))], ["ens787f0", "lo"])
    assert.deepStrictEqual(after.processes, before.processes)
    assert.match(told(after).join(), /^warning .*names ens787f1, which this node does not have any more$/)
  })

  it("is no mistake of a node that would not run the profile, and of none whose interfaces are not known", () => {
    const elsewhere = { ...object("b", 4, clock("eth7")), spec: { profile: [{ name: "b", ...clock("eth7") }] } }
    assert.deepStrictEqual(told(makeDaemon().see([present, elsewhere])), [])
    assert.deepStrictEqual(told(makeDaemon().see([object("nonic", 1, clock("ens999f9"))], "unknown")), [])
  })

  it.each<readonly [string, Readonly<Record<string, string>>]>([
    ["a port section", { ptp4lConf: "[global]\n[ens9]\n[ens787f1]\n" }],
    ["option -i", { ptp4lOpts: "-2 -i ens9" }],
    ["the source of phc2sys", { phc2sysOpts: "-s ens9 -w -c CLOCK_REALTIME", interface: "ens787f1", ptp4lOpts: "-2" }],
    ["a sink of phc2sys", { phc2sysOpts: "-s ens787f1 -c ens9 -O 0" }],
    ["a sink of ts2phc", { ts2phcConf: "[ens9]\n" }],
    ["the source of ts2phc", { ts2phcOpts: "-s ens9 -c ens787f1" }],
    ["timemaster", { timemasterConf: "[ptp_domain 0]\ninterfaces ens787f1 ens9\n[timemaster]\nntp_program chronyd\n" }]
  ])("may stand in %s", (_, profile) => {
    const after = makeDaemon().see([object("p", 1, profile), present])
    assert.deepStrictEqual(portsOf(after), ["clock ens787f1"])
    assert.include(told(after).join("; "), "worker-1 has no interface ens9")
  })

  it("is told with the field that has its name, however it is written", () => {
    const placeOf = (profile: Readonly<Record<string, string>>) => {
      const daemon = makeDaemon()
      daemon.see([present])
      return told(daemon.see([object("clock", 4, profile, 2)]))[0]?.replace(" (did you mean ens787f1?)", "").split(
        ";"
      )[0]
    }
    const why = "worker-1 has no interface ens787fl"
    assert.deepStrictEqual(
      [
        { ptp4lOpts: "-2", ptp4lConf: "[ens787fl]" },
        { ptp4lOpts: "-2 -i ens787fl" },
        { ptp4lOpts: "-2iens787fl" },
        { interface: "ens787f1", ptp4lOpts: "-2", phc2sysOpts: "-s ens787f1 -c ens787fl -O 0" }
      ].map(placeOf),
      [
        `error InterfaceMissing spec.profile[0].ptp4lConf: profile "clock", ptp4lConf: ${why}`,
        `error InterfaceMissing spec.profile[0].ptp4lOpts: profile "clock", ptp4lOpts: ${why}`,
        `error InterfaceMissing spec.profile[0]: profile "clock" names ens787fl: ${why}`,
        `error InterfaceMissing spec.profile[0].phc2sysOpts: profile "clock", phc2sysOpts: ${why}`
      ]
    )
  })

  it("is told with the name that looks most like it", () => {
    assert.strictEqual(missingText("n", "ens787fl", nics), "n has no interface ens787fl (did you mean ens787f1?)")
    assert.strictEqual(missingText("n", "ens787fO", nics), "n has no interface ens787fO (did you mean ens787f0?)")
    assert.strictEqual(missingText("n", "en787f1", nics), "n has no interface en787f1 (did you mean ens787f1?)")
    assert.strictEqual(missingText("n", "wlan0", nics), "n has no interface wlan0")
  })
})

const followed = ({ processes }: ReturnType<ReturnType<typeof makeDaemon>["see"]>) =>
  processes.find(({ program }) => program === "phc2sys")?.after.map((id) => id.split("-")[1])

describe("a phc2sys for all ptp4l", () => {
  const all = object("sync", 4, { phc2sysOpts: "-a -r" })
  const one = object("one", 4, { interface: "ens787f0", ptp4lOpts: "-2" })
  const two = object("two", 4, { interface: "ens787f1", ptp4lOpts: "-2" })

  it("leaves out a ptp4l whose NIC is gone until that is back, and keeps all if all are gone", () => {
    const daemon = makeDaemon()
    assert.deepStrictEqual(followed(daemon.see([all, one, two])), ["one", "two"])
    daemon.work()
    assert.deepStrictEqual(followed(daemon.see([all, one, two], ["ens787f1", "lo"])), ["two"])
    assert.deepStrictEqual(followed(daemon.see([all, one, two], ["lo"])), ["one", "two"])
    assert.deepStrictEqual(followed(daemon.see([all, one, two])), ["one", "two"])
  })

  it("leaves out a new ptp4l with a typo in its NIC", () => {
    const daemon = makeDaemon()
    const before = daemon.see([all, one])
    daemon.work()
    const typo = object("two", 4, { interface: "ens787fl", ptp4lOpts: "-2 --transportSpecific 1" })
    const after = daemon.see([all, one, typo])
    assert.deepStrictEqual(followed(after), ["one"])
    for (const spec of before.processes) assert.deepInclude(after.processes, spec)
  })

  it("with only such ptp4l gives way to the next priority as they do", () => {
    const daemon = makeDaemon()
    const before = daemon.see([present])
    daemon.work()
    const objects = [object("s", 0, { phc2sysOpts: "-a -r" }), object("t", 0, { interface: "ens9", ptp4lOpts: "-2" })]
    assert.deepStrictEqual(daemon.see([present, ...objects]).processes, before.processes)
  })
})
