import { assert, describe, it } from "@effect/vitest"
import { clockSeries } from "../../../src/services/clocks/ClockSeries.ts"
import {
  advance,
  type ClockState,
  initialClockState,
  observeLine,
  observeStatuses
} from "../../../src/services/clocks/ClockState.ts"
import { nodeClock } from "../../../src/services/clocks/NodeClockView.ts"
import type { ProcessSpec } from "../../../src/services/processes/ProcessSpec.ts"
import { decide } from "../../../src/services/profiles/Decide.ts"
import { emptyVersionMemory } from "../../../src/services/profiles/VersionMemory.ts"
import { saidBy, statusOf } from "./ProcessLog.ts"

const second = 1_000_000_000n

const match = [{ nodeName: "n1" }]
const profiles = [
  { name: "a", interface: "ens1f0", ptp4lOpts: "-2 -s", ptp4lConf: "[global]\ndomainNumber 24\n" },
  { name: "b", interface: "ens2f0", ptp4lOpts: "-2 -s", ptp4lConf: "[global]\ndomainNumber 24\n" },
  { name: "sys", phc2sysOpts: "-a -r -n 24" }
]
const { decision: { processes } } = decide({
  objects: [{
    metadata: { name: "ha", namespace: "ptp", uid: "1", generation: 1 },
    spec: { profile: profiles, recommend: profiles.map(({ name }) => ({ profile: name, priority: 4, match })) }
  }],
  node: { name: "n1", labels: {} },
  interfaces: undefined,
  linuxptpVersion: { major: 4, minor: 2, patch: 0 },
  runDir: "/run/d",
  memory: emptyVersionMemory
})
const specOfProfile = (profile: string): ProcessSpec => {
  const spec = processes.find((process) => process.profile === profile)
  if (spec === undefined) throw new Error(profile)
  return spec
}
const [a, b, phc2sys] = [specOfProfile("a"), specOfProfile("b"), specOfProfile("sys")]

type Said = readonly [ProcessSpec, ...ReadonlyArray<string>]
/** What is known at a second after these lines in it. */
const at = (state: ClockState, seconds: number, ...said: ReadonlyArray<Said>): ClockState => {
  const now = BigInt(seconds) * second
  const heard = said.reduce(
    (known, [spec, ...messages]) =>
      messages.reduce((next, message) => observeLine(next, saidBy(spec, message), now), known),
    state
  )
  return advance(heard, now)
}
/** Each second, from one on until before another one. */
const each = (state: ClockState, from: number, until: number, ...said: ReadonlyArray<Said>): ClockState =>
  Array.from({ length: until - from }, (_, index) => from + index).reduce(
    (known, now) => at(known, now, ...said),
    state
  )

const view = (state: ClockState) => {
  const { alarms = [], grandmaster, reason, state: name } = nodeClock(state, undefined, 0) ?? {}
  return [
    `${name} ${reason}`,
    ...alarms.map((alarm) => alarm.reason),
    ...grandmaster === undefined ? [] : [grandmaster]
  ]
}
const alarmOf = (state: ClockState) => nodeClock(state, undefined, 0)?.alarms[0]?.message
const states = (state: ClockState) =>
  clockSeries(state, "n1").flatMap(({ labels: { iface, process }, name, value }) =>
    name === "clock_state" ? [`${process} ${iface} ${value}`] : []
  )

const slave = (nic: string) => `port 1 (${nic}): UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED`
const faulty = (nic: string) => `port 1 (${nic}): SLAVE to FAULTY on FAULT_DETECTED (FT_UNSPECIFIED)`
const near = "master offset          3 s2 freq     -55 path delay       214"
const realtime = "CLOCK_REALTIME phc offset         5 s2 freq     -10 delay    500"
const reconfiguring = "reconfiguring after port state change"
const selecting = (...nics: ReadonlyArray<string>) => [
  reconfiguring,
  ...nics.map((nic) => `selecting ${nic} as domain source clock`),
  `selecting ${nics[0]} as out-of-domain source clock`
]
const started = observeStatuses(initialClockState, processes.map((spec) => statusOf(spec)), 0n)
const both = at(
  started,
  1,
  [a, "selected best master clock 111111.fffe.111111", slave("ens1f0"), near],
  [b, "selected best master clock 222222.fffe.222222", slave("ens2f0"), near]
)
const locked = at(both, 2, [phc2sys, ...selecting("ens1f0", "ens2f0"), realtime])

describe("one phc2sys that follows several ptp4l", () => {
  it("makes the node LOCKED by the source that it follows", () => {
    assert.deepStrictEqual(view(locked), ["LOCKED Locked", "111111.fffe.111111"])
  })

  it.each([
    ["4.1 and newer", ["selecting ens2f0 as domain source clock", "selecting ens2f0 as out-of-domain source clock"]],
    ["words for one domain", ["selecting ens2f0 as domain source clock"]],
    ["3.1 and 4.0", ["selecting ens2f0 as the master clock"]],
    ["no words at all", []]
  ])("keeps the node LOCKED without a break when a source is lost, and tells of it: %s", (_, words) => {
    let state = at(locked, 3, [a, faulty("ens1f0")])
    assert.strictEqual(view(state)[0], "LOCKED Locked")
    state = at(state, 3, [phc2sys, reconfiguring, ...words])
    assert.strictEqual(view(state)[0], "LOCKED Locked")
    for (let now = 4; now < 90; now++) {
      state = at(state, now, [phc2sys, realtime], [b, near])
      assert.deepStrictEqual(view(state), ["LOCKED Locked", "RedundancyLost", "222222.fffe.222222"])
    }
    assert.match(
      alarmOf(state) ?? "",
      /^ptp4l-a-[0-9a-f]{8}: its clock \(ens1f0\) is not LOCKED; phc2sys follows another/
    )
    assert.deepStrictEqual(states(state), ["phc2sys CLOCK_REALTIME 1", "ptp4l ens1f0 0", "ptp4l ens2f0 1"])
    const back = view(at(state, 91, [a, slave("ens1f0"), near]))
    assert.strictEqual(back[0], "LOCKED Locked")
    assert.notInclude(back, "RedundancyLost")
  })

  it("stays LOCKED while a source that was lost comes back and is not ready yet", () => {
    const lost = at(locked, 3, [a, faulty("ens1f0")], [phc2sys, ...selecting("ens2f0"), realtime])
    const measured = each(lost, 4, 10, [phc2sys, realtime], [b, near])
    const calibrating = at(measured, 10, [a, "port 1 (ens1f0): LISTENING to UNCALIBRATED on RS_SLAVE"])
    const notReady = at(calibrating, 10, [phc2sys, reconfiguring, "source clock not ready, waiting..."])
    assert.strictEqual(view(notReady)[0], "LOCKED Locked")
    // It need not print anything at once: with option -u there are summaries only.
    assert.strictEqual(view(at(notReady, 14, [b, near]))[0], "LOCKED Locked")
  })

  it("does not take the node out of LOCKED by the lost source's PHC, which it steers then", () => {
    const steered = [realtime, "ens1f0 phc offset       181 s2 freq     -10 delay    500"]
    const lost = at(locked, 3, [a, faulty("ens1f0")], [phc2sys, ...selecting("ens2f0")])
    const state = each(lost, 4, 30, [phc2sys, ...steered], [b, near])
    assert.strictEqual(view(state)[0], "LOCKED Locked")
    assert.includeMembers(states(state), ["phc2sys CLOCK_REALTIME 1", "phc2sys ens1f0 0"])
  })

  it("is not LOCKED by a source that it does not follow, once it has measured again", () => {
    const lost = at(locked, 3, [a, faulty("ens1f0")])
    assert.strictEqual(view(at(lost, 4, [phc2sys, realtime], [b, near]))[0], "HOLDOVER Holdover")
  })

  it("is lost with the last source, and tells of no redundancy then", () => {
    const first = at(locked, 3, [a, faulty("ens1f0")], [phc2sys, ...selecting("ens2f0"), realtime])
    const lost = at(first, 4, [b, faulty("ens2f0")])
    assert.deepStrictEqual(view(lost), ["HOLDOVER Holdover"])
    assert.deepStrictEqual(view(at(lost, 20)), ["FREERUN PortFaulty"])
  })

  it("is no better than its own system clock", () => {
    const far = "CLOCK_REALTIME phc offset      5000 s2 freq     -10 delay    500"
    assert.strictEqual(view(at(locked, 3, [phc2sys, far]))[0], "FREERUN OffsetOutOfBounds")
  })

  it("tells of a source that is not LOCKED 30 s after its start, not before", () => {
    const one = at(started, 1, [a, slave("ens1f0"), near], [phc2sys, ...selecting("ens1f0"), realtime])
    const said: ReadonlyArray<Said> = [[a, near], [phc2sys, realtime]]
    assert.deepStrictEqual(view(each(one, 2, 30, ...said)), ["LOCKED Locked"])
    assert.deepStrictEqual(view(each(one, 2, 31, ...said)), ["LOCKED Locked", "RedundancyLost"])
  })

  it("does not count a ptp4l that only serves time as a source", () => {
    const serving = "port 1 (ens2f0): LISTENING to MASTER on ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES"
    const server: ProcessSpec = { ...b, files: { "/x/ptp4l.conf": "[global]\n[ens2f0]\nserverOnly 1\n" } }
    const state = at(
      observeStatuses(initialClockState, [a, server, phc2sys].map((spec) => statusOf(spec)), 0n),
      1,
      [a, slave("ens1f0"), near],
      [server, serving],
      [phc2sys, ...selecting("ens1f0"), realtime]
    )
    assert.deepStrictEqual(view(each(state, 2, 60, [a, near], [phc2sys, realtime])), ["LOCKED Locked"])
  })

  it("goes on without a ptp4l whose NIC is gone and that is left out of it", () => {
    const without: ProcessSpec = { ...phc2sys, after: [b.id] }
    const dead = statusOf(a, { state: "BackOff", pid: undefined })
    const state = at(observeStatuses(locked, [dead, statusOf(b), statusOf(without)], 3n * second), 4, [b, near], [
      without,
      "selecting ens2f0 as domain source clock",
      realtime
    ])
    assert.deepStrictEqual(view(state).slice(0, 2), ["LOCKED Locked", "RedundancyLost"])
    assert.deepStrictEqual(view(each(state, 5, 60, [b, near], [without, realtime])).slice(0, 2), [
      "LOCKED Locked",
      "RedundancyLost"
    ])
  })
})

describe("two ptp4l without a phc2sys for both", () => {
  it("are as good as the worse one, also beside a phc2sys of one of them", () => {
    const own: ProcessSpec = { ...phc2sys, profile: "a", after: [a.id] }
    for (const specs of [[a, b], [a, b, own]]) {
      const state = at(
        observeStatuses(initialClockState, specs.map((spec) => statusOf(spec)), 0n),
        1,
        [a, slave("ens1f0"), near],
        [b, slave("ens2f0"), near],
        ...specs.includes(own) ? [[own, "selecting ens1f0 as the master clock", realtime] as const] : []
      )
      assert.strictEqual(view(state)[0], "LOCKED Locked")
      assert.deepStrictEqual(view(at(state, 2, [b, faulty("ens2f0")])).slice(0, 1), ["HOLDOVER Holdover"])
    }
  })
})
