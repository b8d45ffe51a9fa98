import { assert, describe, it } from "@effect/vitest"
import type { KubernetesObject } from "../../../src/services/kubernetes/KubernetesObject.ts"
import type { ProcessSpec } from "../../../src/services/processes/ProcessSpec.ts"
import { newProcessStatus, type ProcessStatus } from "../../../src/services/processes/ProcessSupervisor.ts"
import { decide } from "../../../src/services/profiles/Decide.ts"
import { allWorked, forgiveFor, learnFrom, learnRefusal } from "../../../src/services/profiles/Rollback.ts"
import { emptyVersionMemory, type VersionMemory } from "../../../src/services/profiles/VersionMemory.ts"

interface Version {
  readonly ptp4lOpts?: string
  readonly phc2sysOpts?: string
  readonly generation?: number
}

/** Profile `p` of object `a` at priority 0, and what runs else at priority 4. */
const object = (name: string, priority: number, { generation = 1, ...options }: Version): KubernetesObject => ({
  metadata: { name, namespace: "ptp", uid: `uid-${name}`, generation },
  spec: {
    profile: [{ name: `profile-${name}`, interface: "eth0", ...options }],
    recommend: [{ profile: `profile-${name}`, priority, match: [{ nodeName: "worker-1" }] }]
  }
})

const statusOf = (spec: ProcessSpec, change: Partial<ProcessStatus>): ProcessStatus => ({
  ...newProcessStatus(spec),
  ...change
})
const ready = { state: "Running", wasReady: true } as const

const first = object("a", 0, { ptp4lOpts: "-2" })
const second = object("a", 0, { ptp4lOpts: "-4", generation: 2 })
const third = object("a", 0, { ptp4lOpts: "-6", generation: 3 })
const typo = object("a", 0, { ptp4lOpts: "-Y", generation: 4 })
const spare = object("b", 4, { ptp4lOpts: "-2 --domainNumber 4" })

const decideOn = (objects: ReadonlyArray<KubernetesObject>, memory: VersionMemory) =>
  decide({
    objects,
    node: { name: "worker-1", labels: {} },
    interfaces: undefined,
    linuxptpVersion: { major: 4, minor: 4, patch: 0 },
    runDir: "/run/d",
    memory
  })

/** A daemon that decides, and whose processes then are as they are told to be. */
const makeDaemon = () => {
  let memory = emptyVersionMemory
  let decided = decideOn([], memory)
  let objects: ReadonlyArray<KubernetesObject> = []
  const see = (next: ReadonlyArray<KubernetesObject>) => {
    objects = next
    decided = decideOn(objects, memory)
    memory = decided.memory
    return decided
  }
  const all = (change: Partial<ProcessStatus>) => {
    const statuses = decided.decision.processes.map((spec) => statusOf(spec, change))
    memory = learnFrom(memory, decided.running, statuses)
    return see(objects)
  }
  return {
    see,
    work: () => all(ready),
    /** By its text. */
    fail: (errors = 3) =>
      all({ state: "BackOff", deaths: errors, configurationErrors: errors, lastExit: "exit code 255: no such thing" }),
    /** By something else. */
    breakDown: () => all({ state: "BackOff", deaths: 3, lastExit: "exit code 255: device busy" }),
    memory: () => memory,
    running: () => decided.running,
    argv: () => decided.decision.processes.map(({ argv }) => argv[1]),
    rolledBack: () => decided.decision.rolledBack.map(({ message }) => message)
  }
}

describe("a version that does not start", () => {
  it("gives way to the last version that worked, with the program's own words", () => {
    const daemon = makeDaemon()
    daemon.see([first])
    daemon.work()
    daemon.see([second])
    assert.deepStrictEqual(daemon.argv(), ["-4"])
    daemon.fail(2)
    assert.deepStrictEqual(daemon.argv(), ["-4"])
    const { decision } = daemon.fail()
    assert.deepStrictEqual(daemon.argv(), ["-2"])
    assert.strictEqual(decision.profiles[0]?.generation, 1)
    assert.deepStrictEqual(daemon.rolledBack(), [
      "profile \"profile-a\" did not start: exit code 255: no such thing; " +
      "its last version that worked (generation 1) runs instead"
    ])
    assert.deepStrictEqual(decision.problems, [])
  })

  it("is not judged by a process that ran before it did", () => {
    const daemon = makeDaemon()
    const { decision, memory, running } = daemon.see([first])
    const failing = decision.processes.map((spec) => statusOf(spec, { state: "BackOff", deaths: 3 }))
    const inherited = new Set(decision.processes.map(({ id }) => id))
    assert.strictEqual(learnFrom(memory, running, failing, { inherited }), memory)
    assert.lengthOf(learnFrom(memory, running, failing).rejected, 1)
  })

  it("is tried anew at the next edit, also when that brings back the same text later on", () => {
    const daemon = makeDaemon()
    daemon.see([first])
    daemon.work()
    daemon.see([second])
    daemon.fail()
    daemon.see([third])
    assert.deepStrictEqual([daemon.argv(), daemon.rolledBack()], [["-6"], []])
    daemon.see([second])
    assert.deepStrictEqual(daemon.argv(), ["-4"])
  })

  it("stays rolled back while other objects change, and after the version that worked died a thousand times", () => {
    const daemon = makeDaemon()
    daemon.see([first])
    daemon.work()
    daemon.see([second])
    daemon.fail()
    daemon.fail(1_000)
    daemon.see([second, spare])
    assert.deepStrictEqual(daemon.argv(), ["-2"])
    assert.strictEqual(daemon.rolledBack().length, 1)
  })

  it("is never a version that was ready once: that is tried for ever", () => {
    const daemon = makeDaemon()
    daemon.see([first])
    daemon.work()
    daemon.see([first, spare])
    daemon.fail(50)
    assert.deepStrictEqual([daemon.argv(), daemon.rolledBack()], [["-2"], []])
    assert.deepStrictEqual([decisionNames(daemon), daemon.memory().rejected], [["profile-a"], []])
  })

  it("does not give way to a version that starts nothing", () => {
    const daemon = makeDaemon()
    daemon.see([first])
    daemon.work()
    daemon.see([object("a", 0, { generation: 2 })])
    assert.deepStrictEqual(daemon.argv(), [])
    daemon.work()
    daemon.see([third])
    daemon.fail()
    assert.deepStrictEqual(daemon.argv(), ["-2"])
  })

  it("is tried on when nothing ever worked and nothing else is recommended", () => {
    const daemon = makeDaemon()
    daemon.see([first])
    daemon.fail()
    assert.deepStrictEqual([daemon.argv(), daemon.rolledBack()], [["-2"], []])
  })

  it("gives way to the next priority when it never worked", () => {
    const daemon = makeDaemon()
    daemon.see([spare])
    daemon.work()
    daemon.see([spare, first])
    assert.deepStrictEqual(daemon.argv(), ["-2"])
    const { decision } = daemon.fail()
    assert.deepStrictEqual(decision.profiles.map(({ name }) => name), ["profile-b"])
    assert.deepStrictEqual(daemon.rolledBack(), [
      "profile \"profile-a\" did not start: exit code 255: no such thing; " +
      "what is recommended at the next priority runs instead"
    ])
    daemon.see([spare, second])
    assert.deepStrictEqual(decisionNames(daemon), ["profile-a"])
  })

  it("is tried on, the highest priority of all, when nothing starts", () => {
    const daemon = makeDaemon()
    daemon.see([spare, first])
    daemon.fail()
    assert.deepStrictEqual(decisionNames(daemon), ["profile-b"])
    daemon.fail()
    assert.deepStrictEqual(decisionNames(daemon), ["profile-a"])
    daemon.fail()
    assert.deepStrictEqual(decisionNames(daemon), ["profile-a"])
    assert.deepStrictEqual(daemon.work().memory.rejected.map(({ profile }) => profile.name), ["profile-b"])
  })

  it("gives way to what worked also when an edit that is not valid comes on top", () => {
    const daemon = makeDaemon()
    daemon.see([first])
    daemon.work()
    daemon.see([second])
    daemon.see([typo])
    assert.deepStrictEqual(daemon.argv(), ["-4"])
    daemon.fail()
    assert.deepStrictEqual(daemon.argv(), ["-2"])
    assert.deepStrictEqual(daemon.see([typo]).memory, daemon.memory())
  })

  it("is rejected as a whole when only its phc2sys does not start", () => {
    const daemon = makeDaemon()
    daemon.see([first])
    daemon.work()
    const { decision, running } = daemon.see([object("a", 0, { ptp4lOpts: "-2", phc2sysOpts: "-a -r" })])
    const failed = { deaths: 3, configurationErrors: 3, lastExit: "exit code 255: no suitable ports available" }
    const statuses = decision.processes.map((spec) => statusOf(spec, spec.program === "ptp4l" ? ready : failed))
    const [rejected] = learnFrom(daemon.memory(), running, statuses).rejected
    assert.strictEqual(rejected?.message, "exit code 255: no suitable ports available")
  })

  it("is forgotten with its object", () => {
    const daemon = makeDaemon()
    daemon.see([first])
    daemon.work()
    daemon.see([second])
    daemon.fail()
    assert.deepStrictEqual(daemon.see([]).memory, emptyVersionMemory)
  })
})

const decisionNames = (daemon: ReturnType<typeof makeDaemon>) => daemon.running().map(({ profile }) => profile.name)

describe("learnFrom", () => {
  it("gives the same memory when nothing is learned", () => {
    const daemon = makeDaemon()
    daemon.see([first])
    daemon.work()
    const memory = daemon.memory()
    const statuses = daemon.see([first]).decision.processes.map((spec) => statusOf(spec, ready))
    assert.strictEqual(learnFrom(daemon.memory(), daemon.running(), statuses), daemon.memory())
    assert.deepStrictEqual(daemon.memory(), memory)
    assert.strictEqual(learnFrom(memory, daemon.running(), []), memory)
    assert.isTrue(allWorked(memory, daemon.running()))
  })

  it("takes a version for working only when all of its processes are ready", () => {
    const daemon = makeDaemon()
    const { decision, running } = daemon.see([object("a", 0, { ptp4lOpts: "-2", phc2sysOpts: "-a -r" })])
    const statuses = decision.processes.map((spec, index) => statusOf(spec, index === 0 ? ready : {}))
    assert.isFalse(allWorked(learnFrom(daemon.memory(), running, statuses), running))
  })
})

describe("learnRefusal", () => {
  it("keeps a refused version from running at all, and the last valid one runs on", () => {
    const daemon = makeDaemon()
    daemon.see([first])
    const { decision, memory, running } = daemon.see([second])
    const [process] = decision.processes
    assert.isDefined(process)
    if (process === undefined) return
    const refused = learnRefusal({ ...memory, worked: [] }, running, process, "unknown section x")
    const after = decideOn([second], { ...refused, profiles: emptyVersionMemory.profiles })
    assert.deepStrictEqual(after.decision.processes, [])
    assert.include(after.decision.problems[0]?.message ?? "", "is refused by its own program: unknown section x")
    const withEarlier = decideOn([second], {
      ...refused,
      profiles: decideOn([first], emptyVersionMemory).memory.profiles
    })
    assert.strictEqual(withEarlier.decision.processes[0]?.argv[1], "-2")
  })
})

const seen = (...names: ReadonlyArray<string>) => names.map((name) => ({ name, hasPhc: true }))

describe("forgiveFor", () => {
  it("tries a version again when the clock of its NIC comes after the NIC", () => {
    const daemon = makeDaemon()
    daemon.see([first])
    daemon.work()
    daemon.see([second])
    daemon.breakDown()
    const memory = forgiveFor(daemon.memory(), [{ name: "eth0", hasPhc: false }])
    assert.strictEqual(forgiveFor(memory, [{ name: "eth0", hasPhc: false }]), memory)
    assert.deepStrictEqual(forgiveFor(memory, seen("eth0")).rejected, [])
  })

  it("tries a version again when a NIC that it names comes", () => {
    const daemon = makeDaemon()
    daemon.see([first])
    daemon.work()
    daemon.see([second])
    daemon.breakDown()
    const memory = forgiveFor(daemon.memory(), seen("eth1", "eth"))
    assert.deepStrictEqual(memory.rejected.map(({ nics }) => nics), [[]])
    assert.strictEqual(forgiveFor(memory, seen("eth2")), memory)
    assert.deepStrictEqual(forgiveFor(memory, seen("eth0")).rejected, [])
  })

  it("does not for a NIC that was there when it did not start, however often that comes and goes", () => {
    const daemon = makeDaemon()
    daemon.see([first])
    daemon.work()
    daemon.see([second])
    daemon.breakDown()
    const memory = forgiveFor(daemon.memory(), seen("eth0"))
    assert.strictEqual(forgiveFor(forgiveFor(memory, []), seen("eth0")), memory)
  })
})
