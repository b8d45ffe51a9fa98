import { assert, describe, it } from "@effect/vitest"
import { eventsBetween } from "../../../src/services/kubernetes/NodeEvents.ts"
import { type NodeFacts, nodeStatus } from "../../../src/services/kubernetes/NodeStatus.ts"
import { spec } from "../../layers/processes/ScriptedRunner.ts"
import { decision, facts, profile, running } from "./PublishedNode.ts"

const status = (change: Partial<NodeFacts>) => nodeStatus(facts(change), undefined, "2026-11-23T10:00:00Z")

describe("eventsBetween", () => {
  const locked = {
    state: "LOCKED",
    reason: "Locked",
    grandmaster: "a.b.c",
    ports: [],
    alarms: [],
    sinceMillis: 0
  } as const
  const freeRunning = { ...locked, state: "FREERUN", reason: "Listening", grandmaster: undefined } as const
  const withProfile = { decision: decision({ profiles: [profile("a", [])], processes: [spec("ptp4l-a")] }) }
  const reasons = (before: Partial<NodeFacts>, after: Partial<NodeFacts>) =>
    eventsBetween(status(before), status(after), after.statuses ?? []).map(({ reason }) => reason)

  it("tells nothing when nothing changed", () =>
    assert.deepStrictEqual(
      reasons({ ...withProfile, statuses: [running()] }, { ...withProfile, statuses: [running()] }),
      []
    ))

  it("tells of a profile that runs, of one that was refused, of a lock and of its loss", () => {
    const before = { ...withProfile, clock: freeRunning }
    assert.deepStrictEqual(reasons(before, { ...withProfile, statuses: [running()], clock: locked }), [
      "ProfileApplied",
      "ClockLocked"
    ])
    const problem = { severity: "error", config: "c", path: "", message: "m" } as const
    const refused = { decision: decision({ problems: [problem] }) }
    assert.deepStrictEqual(reasons({}, refused), ["ProfileRejected"])
    const ready = { ...withProfile, statuses: [running()] }
    assert.deepStrictEqual(reasons({ ...ready, clock: locked }, { ...ready, clock: freeRunning }), ["ClockLost"])
  })

  it("tells of a crash loop at the third death in a row, and at each one after it", () => {
    const dying = (deaths: number, restarts = deaths) => ({
      ...withProfile,
      statuses: [running({ state: "BackOff", restarts, deaths })]
    })
    assert.deepStrictEqual(reasons(dying(1), dying(2)), [])
    assert.deepStrictEqual(reasons(dying(2), dying(3)), ["ProcessCrashLoop"])
    assert.deepStrictEqual(reasons(dying(3), dying(3)), [])
    assert.deepStrictEqual(reasons(dying(3), dying(4)), ["ProcessCrashLoop"])
    assert.deepStrictEqual(reasons(dying(0, 17), dying(1, 18)), [])
  })

  it("tells of a crash loop also when the process is up again by the time of writing", () => {
    const statuses = [running({ restarts: 3, deaths: 3 })]
    assert.deepStrictEqual(
      reasons({ ...withProfile, statuses: [running({ restarts: 2, deaths: 2 })] }, { ...withProfile, statuses }),
      ["ProcessCrashLoop"]
    )
  })
})
