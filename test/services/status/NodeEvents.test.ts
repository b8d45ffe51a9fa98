import { assert, describe, it } from "@effect/vitest"
import { eventsBetween } from "../../../src/services/status/NodeEvents.ts"
import { nodeStatus, type StatusFacts } from "../../../src/services/status/NodeStatus.ts"
import { spec } from "../../layers/processes/ScriptedRunner.ts"
import { decision, facts, nic, profile, running } from "./PublishedNode.ts"

const status = (change: Partial<StatusFacts>) => nodeStatus(facts(change), undefined, "2026-11-23T10:00:00Z")

/** A profile was refused on a node with so many NICs, which take the room of the words. */
const refused = (message: string, nicCount: number): Partial<StatusFacts> => ({
  decision: decision({ problems: [{ severity: "error", config: "c", path: "", message }] }),
  interfaces: Array.from({ length: nicCount }, (_, index) => nic(index))
})

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
  const reasons = (before: Partial<StatusFacts>, after: Partial<StatusFacts>) =>
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

  it("tells of a refusal once, however much of its text the rest leaves room for", () => {
    const words = "the option is not known to linuxptp 🕰 ".repeat(20)
    const lengths = [1, 30, 40].map((nicCount) => status(refused(words, nicCount)).conditions[0]?.message.length ?? 0)
    assert.strictEqual(new Set(lengths).size, 3, `not shortened in three ways: ${lengths}`)
    assert.deepStrictEqual(reasons(refused(words, 1), refused(words, 30)), [])
    assert.deepStrictEqual(reasons(refused(words, 40), refused(words, 1)), [])
    assert.deepStrictEqual(reasons(refused(words, 30), refused(`other ${words}`, 30)), ["ProfileRejected"])
    assert.deepStrictEqual(reasons(refused(words, 30), refused(`${words.slice(0, 50)}: other`, 1)), ["ProfileRejected"])
    assert.deepStrictEqual(reasons(refused("m", 1), refused("more", 1)), ["ProfileRejected"])
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
