import { assert, describe, it } from "@effect/vitest"
import { initialClockState, observeLine, observeStatuses } from "../../../src/services/clocks/ClockState.ts"
import { nodeClock } from "../../../src/services/clocks/NodeClockView.ts"
import type { ProcessSpec } from "../../../src/services/processes/ProcessSpec.ts"
import { saidBy, specOf, statusOf } from "./ProcessLog.ts"

const first = specOf("ptp4l", { id: "ptp4l-a", interfaces: ["ens1f0", "ens1f1"] })
const second = specOf("ptp4l", { id: "ptp4l-b", interfaces: ["ens2f0"] })
const phc2sys = specOf("phc2sys")
const ts2phc = specOf("ts2phc")

const slave = (port: number) => [
  `port ${port}: LISTENING to UNCALIBRATED on RS_SLAVE`,
  `port ${port}: UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED`
]
const near = "master offset         12 s2 freq     -55 path delay      2143"
const locked = [...slave(1), near]
const far = [...slave(1), "master offset       5000 s2 freq     -55 path delay      2143"]
const master = ["port 1: LISTENING to MASTER on ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES"]
const masterOnPort2 = ["port 2: LISTENING to MASTER on ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES"]
const lost = "port 1: SLAVE to LISTENING on ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES"
const realtime = ["CLOCK_REALTIME phc offset        -8 s2 freq     -11 delay    270"]
const backwards = ["ens1f0 sys offset         7 s2 freq      +0 delay    200"]
const pulse = ["ens2f1 master offset          0 s2 freq      -0"]

type Said = ReadonlyArray<readonly [ProcessSpec, ReadonlyArray<string>]>

const viewOf = (said: Said) => {
  const state = said.reduce(
    (heard, [spec, messages]) => messages.reduce((now, message) => observeLine(now, saidBy(spec, message), 0n), heard),
    observeStatuses(initialClockState, said.map(([spec]) => statusOf(spec)), 0n)
  )
  return nodeClock(state, undefined, 0)
}

describe("nodeClock", () => {
  it("is absent when nothing is to run", () => {
    assert.strictEqual(viewOf([]), undefined)
  })

  it.each<readonly [string, string, Said]>([
    ["phc2sys alone that is locked", "LOCKED Locked", [[phc2sys, realtime]]],
    ["phc2sys that says nothing", "FREERUN Unlocked", [[first, locked], [phc2sys, []]]],
    ["ptp4l and phc2sys that are locked", "LOCKED Locked", [[first, locked], [phc2sys, realtime]]],
    ["ptp4l beyond its threshold", "FREERUN OffsetOutOfBounds", [[first, far], [phc2sys, realtime]]],
    ["a boundary clock that is locked", "LOCKED Locked", [[first, [...locked, ...masterOnPort2]]]],
    ["two NICs that are locked", "LOCKED Locked", [[first, locked], [second, locked], [phc2sys, realtime]]],
    ["two NICs, one of them far", "FREERUN OffsetOutOfBounds", [[first, locked], [second, far]]],
    ["two NICs, one of them lost", "HOLDOVER Holdover", [[first, locked], [second, [...locked, lost]]]],
    ["a second NIC that serves time", "LOCKED Locked", [[first, locked], [second, master], [phc2sys, realtime]]],
    ["a grandmaster", "FREERUN Grandmaster", [[first, master]]],
    ["a grandmaster fed by the system clock", "FREERUN Grandmaster", [[first, master], [phc2sys, backwards]]],
    ["a grandmaster fed by a pulse", "LOCKED Locked", [[first, master], [ts2phc, pulse]]],
    ["a grandmaster whose pulse is missing", "FREERUN Unlocked", [[first, master], [ts2phc, []]]],
    ["ts2phc that holds on without its reference", "HOLDOVER Holdover", [
      [first, master],
      [ts2phc, [...pulse, "ens2f1 offset          0 s2 freq      -0 holdover"]]
    ]]
  ])("%s is %s", (_, expected, said) => {
    const clock = viewOf(said)
    assert.strictEqual(`${clock?.state} ${clock?.reason}`, expected)
    // The order in which processes are told of does not matter.
    const reversed = viewOf(said.toReversed())
    assert.strictEqual(`${reversed?.state} ${reversed?.reason}`, expected)
  })

  it("keeps the time of the last change while the state stays", () => {
    const freerun = observeStatuses(initialClockState, [statusOf(first)], 0n)
    const before = nodeClock(freerun, undefined, 1000)
    assert.strictEqual(before?.sinceMillis, 1000)
    assert.strictEqual(nodeClock(freerun, before, 2000)?.sinceMillis, 1000)
    const after = locked.reduce((heard, message) => observeLine(heard, saidBy(first, message), 0n), freerun)
    assert.strictEqual(nodeClock(after, before, 3000)?.sinceMillis, 3000)
  })
})
