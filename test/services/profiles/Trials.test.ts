import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import type { SeenFile } from "../../../src/services/devices/DeviceDiscovery.ts"
import type { NetworkInterface } from "../../../src/services/devices/PtpDevice.ts"
import type { KubernetesObject } from "../../../src/services/kubernetes/KubernetesObject.ts"
import { newProcessStatus, type ProcessStatus } from "../../../src/services/processes/ProcessSupervisor.ts"
import type { Decision } from "../../../src/services/profiles/Decision.ts"
import type { KnownGood } from "../../../src/services/profiles/LastKnownGood.ts"
import { step } from "../../../src/services/profiles/NodeMemory.ts"
import type { NodeMemoryEvent } from "../../../src/services/profiles/NodeMemoryEvent.ts"
import { initialNodeMemory } from "../../../src/services/profiles/NodeMemoryState.ts"
import { nic } from "../status/PublishedNode.ts"

const second = 1_000_000_000n
const object = (
  profile: Readonly<Record<string, string>>,
  generation: number,
  name = "a",
  priority = 4
): KubernetesObject => ({
  metadata: { name, namespace: "ptp", uid: `uid-${name}`, generation },
  spec: {
    profile: [{ name, interface: "eth0", ...profile }],
    recommend: [{ profile: name, priority, match: [{ nodeName: "worker-1" }] }]
  }
})
const first = object({ ptp4lOpts: "-2" }, 1)
const edited = object({ ptp4lOpts: "-4" }, 2)
const eth0: NetworkInterface = { ...nic(0), name: "eth0", phcIndex: 0, ifindex: 2 }
const busy = {
  state: "BackOff",
  deaths: 3,
  lastExit: "exit code 255: Failed to open /dev/ptp0: Device or resource busy"
} as const

/** A node in virtual time, whose timer and looks at files come true as in the daemon. */
const makeNode = (knownGood: Option.Option<KnownGood> = Option.none()) => {
  let memory = initialNodeMemory("/run/d")
  let now = 0n
  let timer: bigint | undefined
  let files: ReadonlyArray<SeenFile> = [{ path: "/dev/ptp0", identity: "1" }]
  let looks = 0
  let decision: Decision | undefined
  let facts = {
    configuration: { objects: [first], node: { name: "worker-1", labels: {} }, isFromDisk: false },
    linuxptp: Option.some({ major: 4, minor: 2, patch: 0 }),
    interfaces: [eth0],
    cause: undefined,
    knownGood
  }
  const take = (event: NodeMemoryEvent) => {
    const [next, actions] = step(memory, event, now)
    memory = next
    for (const action of actions) {
      if (action._tag === "AskPrograms") {
        take({ _tag: "ConfigurationsChecked", asked: action.asked, refusal: Option.none() })
      } else if (action._tag === "DecideAgain") take({ _tag: "RejectionsChanged" })
      else if (action._tag === "Apply") decision = action.decision
      else if (action._tag === "WaitUntil") timer = action.monotonicNanos
      else if (action._tag === "LookAtFiles") {
        looks += 1
        take({ _tag: "FilesSeen", files: files.filter(({ path }) => action.paths.includes(path)) })
      }
    }
  }
  const node = {
    tell: (change: Partial<typeof facts>) => {
      facts = { ...facts, ...change }
      take({ _tag: "FactsChanged", facts })
    },
    objects: (...objects: ReadonlyArray<KubernetesObject>) =>
      node.tell({ configuration: { ...facts.configuration, objects: [...objects] } }),
    all: (change: Partial<ProcessStatus>) =>
      take({
        _tag: "StatusesChanged",
        statuses: memory.inForce.applied.map((spec) => ({ ...newProcessStatus(spec), ...change }))
      }),
    work: () => node.all({ state: "Running", wasReady: true }),
    /** Time passes, and every timer comes true. */
    wait: (seconds: bigint) => {
      const until = now + seconds * second
      while (timer !== undefined && timer <= until) {
        now = timer
        timer = undefined
        take({ _tag: "Due" })
      }
      now = until
    },
    have: (...next: ReadonlyArray<SeenFile>) => {
      files = next
    },
    argv: () => memory.inForce.applied.map(({ argv }) => argv[1]),
    rolledBack: () => (decision?.rolledBack ?? []).map(({ message, reason }) => `${reason}: ${message}`),
    looks: () => looks,
    kept: () => memory.kept
  }
  return node
}

/** An edit that failed by something outside of its text, while the version before it works. */
const afterFailure = (change: Partial<ProcessStatus> = busy) => {
  const node = makeNode()
  node.objects(first)
  node.work()
  node.objects(edited)
  node.all(change)
  node.work()
  return node
}

describe("a version that did not start because of something outside of its text", () => {
  it("gives way to what worked, and says when it is tried again", () => {
    const node = afterFailure()
    assert.deepStrictEqual(node.argv(), ["-2"])
    assert.deepStrictEqual(node.rolledBack(), [
      "StartFailed: profile \"a\" did not start: exit code 255: Failed to open /dev/ptp0: Device or resource busy; " +
      "its last version that worked (generation 1) runs instead; " +
      "it is tried again 1 min later, and when a NIC, a PHC, a device or linuxptp changes"
    ])
  })

  it("is tried again after 1, 2 and 4 min, one start each, and then no more by itself", () => {
    const node = afterFailure()
    for (const minutes of [1n, 2n, 4n]) {
      node.wait(minutes * 60n - 1n)
      assert.deepStrictEqual(node.argv(), ["-2"])
      node.wait(1n)
      assert.deepStrictEqual([node.argv(), node.rolledBack()], [["-4"], []])
      node.all({ ...busy, deaths: 1 })
      assert.deepStrictEqual(node.argv(), ["-2"])
      node.work()
    }
    assert.match(node.rolledBack().join(), /it is tried again when a NIC, .* changes, and with the next edit$/)
    node.wait(3_600n)
    assert.deepStrictEqual(node.argv(), ["-2"])
  })

  it("takes over for good when the device is free", () => {
    const node = afterFailure()
    node.wait(60n)
    node.work()
    node.wait(3_600n)
    assert.deepStrictEqual([node.argv(), node.rolledBack()], [["-4"], []])
    node.all({ ...busy, deaths: 50, wasReady: true })
    assert.deepStrictEqual(node.argv(), ["-4"])
  })

  it.each<readonly [string, (node: ReturnType<typeof makeNode>) => void]>([
    ["its NIC has another clock", (node) => node.tell({ interfaces: [{ ...eth0, phcIndex: 7 }] })],
    ["its NIC was plugged in anew", (node) => node.tell({ interfaces: [{ ...eth0, ifindex: 9 }] })],
    ["linuxptp has another version", (node) => node.tell({ linuxptp: Option.some({ major: 4, minor: 4, patch: 0 }) })],
    ["the device node is another one", (node) => node.have({ path: "/dev/ptp0", identity: "2" })]
  ])("is tried again at once when %s", (_, change) => {
    const node = afterFailure()
    node.wait(11n)
    change(node)
    node.wait(5n)
    assert.deepStrictEqual(node.argv(), ["-4"])
  })

  it("is not tried again for a NIC of others, for a NIC that goes away, or sooner than 10 s after the failure", () => {
    const node = afterFailure()
    node.wait(11n)
    node.tell({ interfaces: [eth0, { ...nic(3), name: "eth3" }] })
    node.tell({ interfaces: [] })
    node.wait(5n)
    assert.deepStrictEqual(node.argv(), ["-2"])
    const other = afterFailure()
    other.tell({ interfaces: [{ ...eth0, ifindex: 9 }] })
    other.wait(9n)
    assert.deepStrictEqual(other.argv(), ["-2"])
    other.wait(1n)
    assert.deepStrictEqual(other.argv(), ["-4"])
  })

  it("waits for a device that its text names and that is not there, without a trial in between", () => {
    const node = makeNode()
    node.objects(first)
    node.work()
    node.objects(object({ ptp4lOpts: "-2", ts2phcConf: "[global]\nts2phc.nmea_serialport /dev/gnss0\n[eth0]\n" }, 2))
    node.all(busy)
    node.work()
    assert.match(node.rolledBack().join(), /it is tried again as soon as \/dev\/gnss0 is there$/)
    node.wait(3_600n)
    assert.lengthOf(node.argv(), 1)
    node.have({ path: "/dev/ptp0", identity: "1" }, { path: "/dev/gnss0", identity: "3" })
    node.wait(5n)
    assert.lengthOf(node.argv(), 2)
  })

  it("is not tried again if its text is at fault, but with another linuxptp and with the next edit", () => {
    const badText = { ...busy, configurationErrors: 1, lastExit: "exit code 254: unknown option x" }
    const node = afterFailure(badText)
    assert.match(node.rolledBack().join(), /^RolledBack: .* \(generation 1\) runs instead$/)
    node.wait(3_600n)
    node.tell({ interfaces: [{ ...eth0, phcIndex: 7 }] })
    assert.deepStrictEqual([node.argv(), node.looks()], [["-2"], 0])
    node.tell({ linuxptp: Option.some({ major: 4, minor: 4, patch: 0 }) })
    assert.deepStrictEqual(node.argv(), ["-4"])
    const other = afterFailure(badText)
    other.objects(object({ ptp4lOpts: "-6" }, 3))
    assert.deepStrictEqual(other.argv(), ["-6"])
  })

  it("goes on with back-off where nothing worked before, and nothing is stopped for a trial", () => {
    const node = makeNode()
    node.objects(first)
    node.all(busy)
    node.wait(600n)
    assert.deepStrictEqual([node.argv(), node.rolledBack()], [["-2"], []])
  })

  it("gives way to the next priority when it never worked, also after a second edit that fails too", () => {
    const node = makeNode()
    const spare = object({ ptp4lOpts: "-2 --domainNumber 4" }, 1, "spare", 9)
    node.objects(spare)
    node.work()
    const refused = { ...busy, configurationErrors: 1 }
    node.objects(spare, first)
    node.all(refused)
    assert.deepStrictEqual(node.argv(), ["-2"])
    node.work()
    node.objects(spare, edited)
    node.all(refused)
    assert.deepStrictEqual(node.rolledBack().length, 1)
    node.work()
    node.objects(spare, object({ ptp4lOpts: "-Y" }, 3))
    assert.deepStrictEqual(node.argv(), ["-2"])
  })

  it("is tried again after a restart of the daemon: what is on the disk is not final", () => {
    const first = afterFailure()
    first.wait(1n)
    const kept = Option.fromUndefinedOr(first.kept())
    const node = makeNode(kept)
    node.objects(edited)
    assert.deepStrictEqual(node.argv(), ["-2"])
    node.work()
    node.wait(60n)
    assert.deepStrictEqual(node.argv(), ["-4"])
  })

  it("says so from the first decision after a restart on, also where there is nothing to look at", () => {
    const first = afterFailure()
    first.wait(1n)
    const node = makeNode(Option.fromUndefinedOr(first.kept()))
    node.tell({
      configuration: { objects: [edited], node: { name: "worker-1", labels: {} }, isFromDisk: false },
      interfaces: []
    })
    assert.strictEqual(node.looks(), 0)
    assert.include(node.rolledBack()[0], "; it is tried again 1 min later, and when ")
  })

  it("costs no look and no timer once nothing waits", () => {
    const node = afterFailure()
    node.wait(60n)
    node.work()
    const before = node.looks()
    node.wait(3_600n)
    assert.strictEqual(node.looks(), before)
  })
})
