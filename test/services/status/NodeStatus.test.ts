import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { NodePTPDevStatus } from "../../../src/services/kubernetes/NodePTPDev.ts"
import type { Complaint, ProcessStatus } from "../../../src/services/processes/ProcessSupervisor.ts"
import { differsAtOnce, nodeStatus, type StatusFacts } from "../../../src/services/status/NodeStatus.ts"
import { spec } from "../../layers/processes/ScriptedRunner.ts"
import { decision, facts, nic, profile, running } from "./PublishedNode.ts"

const now = "2026-11-23T10:00:00Z"
const later = "2026-11-23T10:00:07Z"

const conditionOf = (status: ReturnType<typeof nodeStatus>, type: string) => {
  const { reason, status: value } = status.conditions.find((condition) => condition.type === type) ?? {}
  return `${value} ${reason}`
}

const clock = (state: "LOCKED" | "FREERUN", portState: string) => ({
  state,
  reason: state === "LOCKED" ? "Locked" : "Listening",
  grandmaster: undefined,
  ports: [{ interface: "ens1f0", state: portState }],
  alarms: [],
  sinceMillis: 0
} as const)

const complaining = (kind: Complaint["kind"], text: string) => running({ complaints: [{ kind, text }] })

describe("nodeStatus", () => {
  it("says of a node without a profile that nothing is to run, which is as it should be", () => {
    const status = nodeStatus(facts(), undefined, now)
    assert.deepStrictEqual(["Applied", "Synchronized", "Degraded"].map((type) => conditionOf(status, type)), [
      "True NoProfile",
      "Unknown NoProfile",
      "False AsExpected"
    ])
    assert.notProperty(status, "clock")
  })

  it("lists the capable NICs with the profile that uses them", () => {
    const status = nodeStatus(
      facts({
        interfaces: [nic(0), { ...nic(1), notCapable: "it has no PHC" }],
        decision: decision({ profiles: [profile("profile1", [nic(0).name])] })
      }),
      undefined,
      now
    )
    assert.deepStrictEqual(status.ptpDevices, [{
      name: "enp129s0f0np0",
      phcIndex: 0,
      pciAddress: "0000:81:00.0",
      driver: "mlx5_core",
      linkUp: true,
      profile: "profile1"
    }])
  })

  it("leaves a missing priority out: the API server would not keep a null", () => {
    const profiles = [{ ...profile("profile1", []), priority: null }]
    const status = nodeStatus(facts({ decision: decision({ profiles }) }), undefined, now)
    assert.deepStrictEqual(status.profiles, [
      { name: "profile1", config: "config1", generation: 3, matchedBy: "nodeName worker-1" }
    ])
    assert.deepStrictEqual(Schema.decodeUnknownSync(NodePTPDevStatus)(status), status)
  })

  const conditionCases: ReadonlyArray<
    { readonly name: string; readonly facts: StatusFacts; readonly expected: string }
  > = [
    { name: "linuxptp is missing", facts: facts({ linuxptpMissing: true }), expected: "False LinuxptpMissing" },
    { name: "nothing was read yet", facts: facts({ decision: undefined }), expected: "Unknown Pending" },
    {
      name: "a mistake concerns this node",
      facts: facts({
        decision: decision({ problems: [{ severity: "error", config: "c", path: "spec", message: "is missing" }] })
      }),
      expected: "False InvalidConfiguration"
    },
    {
      name: "a mistake concerns another node only",
      facts: facts({
        decision: decision({
          problems: [{ severity: "error", config: "c", path: "spec", message: "is missing", elsewhere: true }]
        })
      }),
      expected: "True NoProfile"
    },
    {
      name: "a version was rolled back, although everything runs",
      facts: facts({
        decision: decision({
          profiles: [profile("a", [])],
          processes: [spec("ptp4l-a")],
          rolledBack: [{ config: "c", name: "a", reason: "RolledBack", message: "did not start: unknown option x" }]
        }),
        statuses: [running()]
      }),
      expected: "False RolledBack"
    },
    {
      name: "a version did not start and is tried again",
      facts: facts({
        decision: decision({
          profiles: [profile("a", [])],
          processes: [spec("ptp4l-a")],
          rolledBack: [{ config: "c", name: "a", reason: "StartFailed", message: "did not start: device busy" }]
        }),
        statuses: [running()]
      }),
      expected: "False StartFailed"
    },
    {
      name: "an interface is missing, and nothing else is wrong",
      facts: facts({
        decision: decision({
          profiles: [profile("a", [])],
          processes: [spec("ptp4l-a")],
          problems: [{ severity: "error", config: "c", path: "p", message: "m", reason: "InterfaceMissing" }]
        }),
        statuses: [running()]
      }),
      expected: "False InterfaceMissing"
    },
    {
      name: "an interface is missing, and a field is wrong",
      facts: facts({
        decision: decision({
          problems: [
            { severity: "error", config: "c", path: "p", message: "m", reason: "InterfaceMissing" },
            { severity: "error", config: "c", path: "q", message: "m" }
          ]
        })
      }),
      expected: "False InvalidConfiguration"
    },
    {
      name: "what runs is only remembered",
      facts: facts({ decision: decision({ profiles: [profile("a", [])] }), isFromDisk: true }),
      expected: "Unknown Pending"
    },
    {
      name: "a process is not ready",
      facts: facts({
        decision: decision({ profiles: [profile("a", [])], processes: [spec("ptp4l-a")] }),
        statuses: [running({ state: "Starting" })]
      }),
      expected: "False ProcessesNotReady"
    },
    {
      name: "every process is ready",
      facts: facts({
        decision: decision({ profiles: [profile("a", [])], processes: [spec("ptp4l-a")] }),
        statuses: [running()]
      }),
      expected: "True Applied"
    }
  ]
  it.each(conditionCases)(
    "Applied is $expected when $name",
    ({ expected, facts }) => assert.strictEqual(conditionOf(nodeStatus(facts, undefined, now), "Applied"), expected)
  )

  it.each([
    [running({ state: "BackOff", deaths: 2, lastExit: "exit code 255" }), "ProcessBackOff"],
    [running({ deaths: 2, configurationErrors: 1, lastExit: "exit code 254" }), "ConfigurationError"],
    [complaining("NotReady", "not ready after 30s"), "ProcessNotReady"],
    [complaining("NotReaped", "pid 7 cannot be reaped"), "ProcessNotReaped"],
    [complaining("NotAnswering", "does not answer"), "ManagementSocketDead"],
    [complaining("NotScheduled", "runs with SCHED_OTHER"), "SchedulingNotApplied"]
  ])("is degraded by a process with a trouble, by its own reason (L-14 waiting for ever)", (status, reason) => {
    assert.strictEqual(
      conditionOf(nodeStatus(facts({ statuses: [status] }), undefined, now), "Degraded"),
      `True ${reason}`
    )
  })

  it("is degraded by a NIC that is gone under a running profile, not by one without a link", () => {
    const ptp4l = { ...spec("ptp4l-a"), interfaces: [nic(0).name, nic(1).name] }
    const degradedWith = (...interfaces: StatusFacts["interfaces"]) => {
      const { conditions } = nodeStatus(
        facts({ decision: decision({ processes: [ptp4l] }), statuses: [running()], interfaces }),
        undefined,
        now
      )
      const degraded = conditions.find(({ type }) => type === "Degraded")
      return [degraded?.reason, degraded?.message]
    }
    assert.deepStrictEqual(degradedWith(nic(0), { ...nic(1), linkUp: false })[0], "AsExpected")
    assert.deepStrictEqual(degradedWith(nic(0)), [
      "InterfaceMissing",
      `ptp4l-a: ${nic(1).name} is gone: this node has no such NIC now`
    ])
    // Nothing can be seen at all.
    assert.deepStrictEqual(degradedWith()[0], "AsExpected")
  })

  it("names a NIC that is gone as the reason, not the deaths that follow from it", () => {
    const ptp4l = { ...spec("ptp4l-a"), interfaces: ["ens9f9"] }
    const dying = running({ deaths: 3, configurationErrors: 3, lastExit: "exit code 255" })
    const { conditions } = nodeStatus(
      facts({ decision: decision({ processes: [ptp4l] }), statuses: [dying], interfaces: [nic(0)] }),
      undefined,
      now
    )
    assert.strictEqual(conditions.find(({ type }) => type === "Degraded")?.reason, "InterfaceMissing")
  })

  it("gives a hint where the last words of a program are known", () => {
    const status = running({
      deaths: 2,
      configurationErrors: 2,
      lastExit: "exit code 255: no suitable ports available"
    })
    const { conditions } = nodeStatus(facts({ statuses: [status] }), undefined, now)
    assert.strictEqual(
      conditions.find(({ type }) => type === "Degraded")?.message,
      "ptp4l-a: 2 deaths in a row, the last: exit code 255: no suitable ports available " +
        "(ptp4l uses software time stamps on all ports: phc2sys -a needs hardware stamps)"
    )
  })

  it("names the worst trouble as the reason and all of them in the message", () => {
    const statuses = [complaining("NotAnswering", "does not answer"), complaining("NotReaped", "cannot be reaped")]
    const { conditions } = nodeStatus(facts({ statuses }), undefined, now)
    const degraded = conditions.find(({ type }) => type === "Degraded")
    assert.strictEqual(degraded?.reason, "ProcessNotReaped")
    assert.strictEqual(degraded?.message, "ptp4l-a: cannot be reaped; ptp4l-a: does not answer")
  })

  it("stays degraded between the deaths of a crash loop, and is not by one death nor by those that were forgiven", () => {
    const degradedBy = (change: Partial<ProcessStatus>) => {
      const status = nodeStatus(
        facts({ statuses: [running({ lastExit: "exit code 255", ...change })] }),
        undefined,
        now
      )
      return status.conditions.find(({ type }) => type === "Degraded")
    }
    for (const state of ["BackOff", "Starting", "Running"] as const) {
      const degraded = degradedBy({ state, restarts: 2, deaths: 2 })
      assert.strictEqual(degraded?.reason, "ProcessBackOff")
      assert.strictEqual(degraded?.message, "ptp4l-a: 2 deaths in a row, the last: exit code 255")
      assert.strictEqual(degradedBy({ state, restarts: 1, deaths: 1 })?.status, "False")
      assert.strictEqual(degradedBy({ state, restarts: 9, deaths: 0 })?.status, "False")
    }
  })

  it("keeps a condition's time while its status is the same, also when reason and message change", () => {
    const before = nodeStatus(facts(), undefined, now)
    const after = nodeStatus(
      facts({ statuses: [running()], decision: decision({ profiles: [profile("a", [])] }) }),
      before,
      later
    )
    const timeOf = (type: string) => after.conditions.find((condition) => condition.type === type)?.lastTransitionTime
    assert.deepStrictEqual(["Applied", "Degraded"].map(timeOf), [now, now])
    const broken = nodeStatus(facts({ linuxptpMissing: true }), after, later)
    assert.strictEqual(broken.conditions[0]?.lastTransitionTime, later)
  })
})

describe("differsAtOnce", () => {
  const status = (change: Partial<StatusFacts>) =>
    nodeStatus(facts({ decision: decision({ profiles: [profile("a", [])] }), ...change }), undefined, now)
  it("is true for what somebody waits for", () => {
    assert.isTrue(differsAtOnce(status({}), status({ interfaces: [nic(0)] })))
    assert.isTrue(differsAtOnce(status({}), status({ statuses: [running()] })))
    assert.isTrue(
      differsAtOnce(status({ clock: clock("LOCKED", "SLAVE") }), status({ clock: clock("FREERUN", "SLAVE") }))
    )
    // Also where no condition follows it.
    const locked = status({ clock: clock("LOCKED", "SLAVE") })
    const lost = { ...locked, clock: { state: "HOLDOVER", ports: [], since: now } } as const
    assert.isTrue(differsAtOnce(locked, lost))
    assert.isTrue(differsAtOnce(status({}), status({ linuxptpMissing: true })))
  })

  it("is false for counters, last words and ports", () => {
    assert.isFalse(differsAtOnce(status({ statuses: [running()] }), status({ statuses: [running({ restarts: 4 })] })))
    assert.isFalse(
      differsAtOnce(status({ clock: clock("LOCKED", "SLAVE") }), status({ clock: clock("LOCKED", "UNCALIBRATED") }))
    )
  })
})
