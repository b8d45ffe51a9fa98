import { assert, describe, it } from "@effect/vitest"
import {
  advance,
  type ClockState,
  initialClockState,
  observeLine,
  observeStatuses
} from "../../../src/services/clocks/ClockState.ts"
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

const nowMaster = "port 1: SLAVE to MASTER on ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES"
const confOf = (global: Readonly<Record<string, string>>, ports: string): string =>
  `[global]\n${Object.entries(global).map((entry) => entry.join(" ")).join("\n")}\n${ports}`
const boundary = (global: Readonly<Record<string, string>>) =>
  specOf("ptp4l", {
    files: { "/x/ptp4l.conf": confOf(global, "[ens1f0]\n[ens1f1]\n") },
    interfaces: ["ens1f0", "ens1f1"]
  })
const upstream = specOf("ptp4l", {
  files: { "/x/ptp4l.conf": confOf({}, "[ens1f0]\n[ens1f1]\nmasterOnly 1\n") },
  interfaces: ["ens1f0", "ens1f1"]
})
const ts2phcOf = (...words: ReadonlyArray<string>) => specOf("ts2phc", { argv: ["ts2phc", ...words] })

type Said = ReadonlyArray<readonly [ProcessSpec, ReadonlyArray<string>]>

const hear = (state: ClockState, said: Said, seconds = 0n): ClockState =>
  advance(
    said.reduce(
      (heard, [spec, messages]) =>
        messages.reduce((now, message) => observeLine(now, saidBy(spec, message), seconds * 1_000_000_000n), heard),
      state
    ),
    seconds * 1_000_000_000n
  )
const viewable = (...said: Said): ClockState =>
  hear(observeStatuses(initialClockState, said.map(([spec]) => statusOf(spec)), 0n), said)
const viewOf = (said: Said) => nodeClock(viewable(...said), undefined, 0)

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

  it.each<readonly [string, string, Said]>([
    ["a client that lost its grandmaster and serves", "HOLDOVER Holdover", [[first, [...locked, nowMaster]]]],
    ["a client that could have followed", "FREERUN Grandmaster", [[boundary({}), master]]],
    ["a boundary clock without a master", "FREERUN GrandmasterLost", [[boundary({ clock_type: "BC" }), master]]],
    ["one with a port for a master, and without one", "FREERUN GrandmasterLost", [[upstream, master]]],
    ["a grandmaster by its class", "FREERUN Grandmaster", [[boundary({ clock_type: "BC", clockClass: "6" }), master]]],
    ["a client without a master, whose pulse is its own", "FREERUN Grandmaster", [
      [first, master],
      [ts2phcOf("-s", "ens1f0"), pulse]
    ]],
    ["one whose ts2phc asks ptp4l", "FREERUN Grandmaster", [[first, master], [ts2phcOf("-a"), pulse]]],
    ["a boundary clock without a master, with a pulse", "FREERUN GrandmasterLost", [
      [upstream, master],
      [ts2phcOf("-s", "generic"), pulse]
    ]],
    ["a grandmaster with a receiver", "LOCKED Locked", [[upstream, master], [ts2phcOf("-s", "nmea"), pulse]]],
    ["a grandmaster with a receiver that reaches nobody", "LOCKED Locked", [
      [boundary({ clockClass: "6" }), ["port 1: MASTER to FAULTY on FAULT_DETECTED (FT_UNSPECIFIED)"]],
      [ts2phcOf("-s", "nmea"), pulse]
    ]],
    ["one that followed before", "LOCKED Locked", [
      [first, [...slave(1), near, nowMaster]],
      [ts2phcOf("-s", "nmea"), pulse]
    ]],
    ["a grandmaster with a card of its own", "LOCKED Locked", [[first, master], [ts2phcOf("-s", "/dev/ptp9"), pulse]]]
  ])("%s is %s", (_, expected, said) => {
    const clock = viewOf(said)
    assert.strictEqual(`${clock?.state} ${clock?.reason}`, expected)
  })

  it("is not LOCKED by a pulse of its own after a boundary clock has lost its master, until there is one again", () => {
    const pulsed = ts2phcOf("-s", "generic")
    const state = hear(viewable([first, [...locked, ...masterOnPort2]], [pulsed, pulse]), [[first, [nowMaster]]])
    for (let seconds = 1n; seconds < 100n; seconds++) {
      const { reason, state: name } = nodeClock(hear(state, [[pulsed, pulse]], seconds), undefined, 0) ?? {}
      assert.strictEqual(`${name} ${reason}`, seconds < 5n ? "HOLDOVER Holdover" : "FREERUN GrandmasterLost")
    }
    const again = nodeClock(hear(state, [[first, locked], [pulsed, pulse]], 100n), undefined, 0)
    assert.strictEqual(again?.state, "LOCKED")
  })

  it("remembers over a restart that it has followed, not over an edit", () => {
    const lostAndServing = (spec: ProcessSpec, run: number) => {
      const state = observeStatuses(viewable([first, locked]), [statusOf(spec, { run })], 9_000_000_000n)
      const served = observeLine(state, saidBy(spec, master[0] ?? "", run), 9_000_000_000n)
      return nodeClock(advance(served, 20_000_000_000n), undefined, 0)?.reason
    }
    assert.strictEqual(lostAndServing(first, 2), "GrandmasterLost")
    assert.strictEqual(
      lostAndServing(specOf("ptp4l", { id: first.id, argv: ["ptp4l", "--priority1=1"] }), 1),
      "Grandmaster"
    )
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
