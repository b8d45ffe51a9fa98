import { assert, describe, it } from "@effect/vitest"
import { clockSeries } from "../../../src/services/clocks/ClockSeries.ts"
import {
  advance,
  type ClockState,
  initialClockState,
  observeInterfaces,
  observeLine,
  observeStatuses
} from "../../../src/services/clocks/ClockState.ts"
import type { NetworkInterface } from "../../../src/services/devices/PtpDevice.ts"
import { interfaceRole, portStates } from "../../../src/services/linuxptp/PortState.ts"
import type { ProcessSpec } from "../../../src/services/processes/ProcessSpec.ts"
import { lineOf, recorded, saidBy, specOf, statusOf } from "./ProcessLog.ts"

const ptp4l = specOf("ptp4l")
const phc2sys = specOf("phc2sys", { after: [ptp4l.id] })
const ts2phc = specOf("ts2phc")

const say = (state: ClockState, spec: ProcessSpec, ...messages: ReadonlyArray<string>): ClockState =>
  messages.reduce((heard, message) => observeLine(heard, saidBy(spec, message), 0n), state)

const started = (...specs: ReadonlyArray<ProcessSpec>): ClockState =>
  observeStatuses(initialClockState, specs.map((spec) => statusOf(spec)), 0n)

/** Series of clocks as text without the node, which all of them have. */
const seriesOf = (state: ClockState) =>
  clockSeries(state, "worker-1").flatMap(({ labels: { node, ...labels }, name, value }) => {
    assert.strictEqual(node, "worker-1")
    return name.startsWith("process_") ? [] : [`${name} ${Object.values(labels).join(" ")} ${value}`]
  })

const labels = (spec: ProcessSpec) => ({ process: spec.program, node: "worker-1", config: `${spec.id}.config` })

const nic = (name: string, phcIndex: number): NetworkInterface => ({
  name,
  kind: "physical",
  linkUp: true,
  driver: undefined,
  pciAddress: undefined,
  phcIndex,
  hardwareTimestamping: true,
  softwareTimestamping: true,
  notCapable: undefined
})

const slave = ["port 1: INITIALIZING to LISTENING on INIT_COMPLETE", "port 1: LISTENING to UNCALIBRATED on RS_SLAVE"]
const near = "master offset         12 s2 freq     -55 path delay      2143"
const calibrated = "port 1: UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED"
const fault = "port 1: SLAVE to FAULTY on FAULT_DETECTED (FT_UNSPECIFIED)"
const realtime = "CLOCK_REALTIME phc offset        -8 s2 freq     -11 delay    270"

describe("clockSeries", () => {
  it("is empty when nothing is to run", () => {
    assert.deepStrictEqual(clockSeries(initialClockState, "worker-1"), [])
  })

  it("says of each process whether it is up and how often it was started, by <id>.config (L-54 PTP not ruled out)", () => {
    const state = observeStatuses(
      initialClockState,
      [statusOf(ptp4l, { run: 3 }), statusOf(phc2sys, { pid: undefined, run: 7 })],
      0n
    )
    const ofProcesses = clockSeries(state, "worker-1").filter(({ name }) => name.startsWith("process_"))
    assert.deepStrictEqual(ofProcesses, [
      { name: "process_status", labels: labels(ptp4l), value: 1 },
      { name: "process_restart_count", labels: labels(ptp4l), value: 3 },
      { name: "process_status", labels: labels(phc2sys), value: 0 },
      { name: "process_restart_count", labels: labels(phc2sys), value: 7 }
    ])
  })

  it("shows a ptp4l that has measured nothing as FREERUN, under each NIC of its ports", () => {
    const boundary = specOf("ptp4l", { interfaces: ["ens1f0", "ens1f1"] })
    const unmeasured = ["clock_state ptp4l ens1f0 0", "clock_state ptp4l ens1f1 0"]
    assert.deepStrictEqual(seriesOf(started(boundary)), unmeasured)
    const serving = say(
      started(boundary),
      boundary,
      "port 1: INITIALIZING to LISTENING on INIT_COMPLETE",
      "port 1: LISTENING to MASTER on ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES"
    )
    assert.deepStrictEqual(seriesOf(serving), ["interface_role ptp4l ens1f0 2", ...unmeasured])
    const dead = observeStatuses(serving, [statusOf(boundary, { pid: undefined })], 0n)
    assert.deepStrictEqual(seriesOf(dead), unmeasured)
    const locked = say(started(boundary), boundary, ...slave, near, calibrated)
    assert.deepStrictEqual(seriesOf(locked).filter((series) => series.startsWith("clock_state")), [
      "clock_state ptp4l ens1f0 1"
    ])
  })

  it("shows no state of a phc2sys that has named no clock", () => {
    assert.deepStrictEqual(seriesOf(started(phc2sys, ts2phc)), [])
  })

  it("shows an offset of ptp4l under the NIC that follows, from master (L-24 offset under a wrong name)", () => {
    assert.deepStrictEqual(seriesOf(say(started(ptp4l), ptp4l, ...slave, near, calibrated)), [
      "interface_role ptp4l ens1f0 1",
      "clock_state ptp4l ens1f0 1",
      "offset_ns master ptp4l ens1f0 12",
      "max_offset_ns master ptp4l ens1f0 12",
      "frequency_adjustment_ns master ptp4l ens1f0 -55",
      "delay_ns master ptp4l ens1f0 2143"
    ])
  })

  it("shows the role that a port enters, whatever it leaves (L-19 wrong role)", () => {
    for (const to of portStates) {
      for (const from of portStates) {
        const state = say(started(ptp4l), ptp4l, `port 1: ${from} to ${to} on RS_SLAVE`)
        assert.include(seriesOf(state), `interface_role ptp4l ens1f0 ${interfaceRole(to)}`)
      }
    }
  })

  it("does not show the offset of a NIC that is not known (L-24 offset under a wrong name)", () => {
    const unmeasured = ["clock_state ptp4l ens1f0 0"]
    assert.deepStrictEqual(seriesOf(say(started(ptp4l), ptp4l, near)), unmeasured)
    const beyond = "port 2: LISTENING to UNCALIBRATED on RS_SLAVE"
    assert.deepStrictEqual(seriesOf(say(started(ptp4l), ptp4l, beyond, near)), unmeasured)
  })

  it("shows rms, max, frequency and delay of a summary", () => {
    const summary = "rms   53 max   74 freq -16642 +/-  40 delay  1089 +/-  20"
    assert.deepStrictEqual(seriesOf(say(started(ptp4l), ptp4l, ...slave, summary)).slice(2), [
      "offset_ns master ptp4l ens1f0 53",
      "max_offset_ns master ptp4l ens1f0 74",
      "frequency_adjustment_ns master ptp4l ens1f0 -16642",
      "delay_ns master ptp4l ens1f0 1089"
    ])
  })

  it("tells phc2sys's offsets from phc and from sys, by the clock that is steered (L-24 offset under a wrong name)", () => {
    const state = say(started(phc2sys), phc2sys, realtime, "ens2f0 sys offset         7 s0 freq      +0 delay    200")
    assert.deepStrictEqual(seriesOf(state).filter((series) => series.startsWith("offset_ns")), [
      "offset_ns phc phc2sys CLOCK_REALTIME -8",
      "offset_ns sys phc2sys ens2f0 7"
    ])
  })

  it("shows each clock's own state, whatever another clock of the same program does", () => {
    const good = say(started(phc2sys), phc2sys, realtime, "ens2f0 phc offset         7 s2 freq      +0 delay    200")
    const states = (state: ClockState) => seriesOf(state).filter((series) => series.startsWith("clock_state"))
    assert.deepStrictEqual(states(good), ["clock_state phc2sys CLOCK_REALTIME 1", "clock_state phc2sys ens2f0 1"])
    const bad = Array.from({ length: 3 }, () => "ens2f0 phc offset       181 s2 freq      +0 delay    200")
    assert.deepStrictEqual(states(say(good, phc2sys, ...bad)), [
      "clock_state phc2sys CLOCK_REALTIME 1",
      "clock_state phc2sys ens2f0 0"
    ])
    const pulses = say(started(ts2phc), ts2phc, "ens1f0 offset 3 s3 freq -10", "ens2f0 offset 5000 s2 freq -10")
    assert.deepStrictEqual(states(pulses), ["clock_state ts2phc ens1f0 1", "clock_state ts2phc ens2f0 0"])
  })

  it.each<readonly [string, ReadonlyArray<string>, ReadonlyArray<string>]>([
    ["one that is named", ["selecting ens1f0 as domain source clock"], ["clock_state phc2sys CLOCK_REALTIME 1"]],
    ["one up to 4.0", ["selecting ens1f0 as the master clock"], ["clock_state phc2sys CLOCK_REALTIME 1"]],
    ["none, without a word from 4.1 on", ["selecting ens1f0 for synchronization"], [
      "clock_state phc2sys CLOCK_REALTIME 2"
    ]],
    ["too many", ["multiple source clocks available, postponing sync..."], ["clock_state phc2sys CLOCK_REALTIME 2"]],
    ["too many, up to 4.0", ["multiple master clocks available, postponing sync..."], [
      "clock_state phc2sys CLOCK_REALTIME 2"
    ]],
    [
      "the system clock itself",
      ["selecting CLOCK_REALTIME as source clock", "ens1f0 sys offset 3 s2 freq +0 delay 9"],
      [
        "clock_state phc2sys ens1f0 1"
      ]
    ]
  ])("shows within 2 s that phc2sys has another source: %s", (_, words, expected) => {
    const measured = say(started(phc2sys), phc2sys, realtime)
    const state = say(measured, phc2sys, "reconfiguring after port state change", ...words)
    assert.deepStrictEqual(
      seriesOf(advance(state, 2_000_000_000n)).filter((series) => series.startsWith("clock_state")),
      expected
    )
  })

  it("shows 999999 for a FAULTY port that followed, and for the system clock behind it (L-25 FAULTY but LOCKED)", () => {
    const running = say(say(started(phc2sys, ptp4l), ptp4l, ...slave, near, calibrated), phc2sys, realtime)
    const faulty = [
      "clock_state phc2sys CLOCK_REALTIME 2",
      "offset_ns phc phc2sys CLOCK_REALTIME 999999",
      "max_offset_ns phc phc2sys CLOCK_REALTIME 999999",
      "frequency_adjustment_ns phc phc2sys CLOCK_REALTIME 0",
      "delay_ns phc phc2sys CLOCK_REALTIME 0",
      "interface_role ptp4l ens1f0 3",
      "clock_state ptp4l ens1f0 2",
      "offset_ns master ptp4l ens1f0 999999",
      "max_offset_ns master ptp4l ens1f0 999999",
      "frequency_adjustment_ns master ptp4l ens1f0 0",
      "delay_ns master ptp4l ens1f0 0"
    ]
    const lost = say(running, ptp4l, fault)
    assert.deepStrictEqual(seriesOf(lost), faulty)
    // phc2sys goes on to measure, but nobody says any more that its source is right.
    const measured = say(advance(lost, 5_000_000_000n), phc2sys, realtime)
    assert.include(seriesOf(measured), "clock_state phc2sys CLOCK_REALTIME 0")
  })

  it("shows HOLDOVER as 2 and then FREERUN as 0 for a process that died, but no offset (L-26 HOLDOVER as 0)", () => {
    const running = say(started(ptp4l), ptp4l, ...slave, near, calibrated)
    const dead = observeStatuses(running, [statusOf(ptp4l, { pid: undefined })], 0n)
    assert.deepStrictEqual(seriesOf(dead), ["clock_state ptp4l ens1f0 2"])
    assert.deepStrictEqual(seriesOf(advance(dead, 5_000_000_000n)), ["clock_state ptp4l ens1f0 0"])
    assert.deepStrictEqual(clockSeries(observeStatuses(dead, [], 0n), "worker-1"), [])
  })

  it("names the NIC of the PHC that ts2phc prints (L-20 PHC for NIC)", () => {
    const said = say(started(ts2phc), ts2phc, "/dev/ptp6 offset          0 s2 freq      +0")
    assert.include(seriesOf(said), "offset_ns master ts2phc /dev/ptp6 0")
    const named = observeInterfaces(said, [nic("ens1f0", 5), nic("ens2f0", 6), nic("ens2f1", 6)])
    assert.include(seriesOf(named), "offset_ns master ts2phc ens2f0 0")
    const configured = observeStatuses(named, [statusOf(specOf("ts2phc", { interfaces: ["ens2f1"] }))], 0n)
    const again = say(configured, configured.statuses[0]?.spec ?? ts2phc, "/dev/ptp6 offset          0 s2 freq      +0")
    assert.include(seriesOf(again), "offset_ns master ts2phc ens2f1 0")
  })

  it("shows each child of timemaster by the NICs of its tag", () => {
    const timemaster = specOf("timemaster")
    const state = recorded("timemaster-hardware-3.1.1").filter((text) => !text.includes("terminated")).reduce(
      (heard, text) => observeLine(heard, lineOf(timemaster, text), 0n),
      started(timemaster)
    )
    assert.includeMembers(seriesOf(state), [
      "interface_role ptp4l ens3f0 1",
      "clock_state ptp4l ens3f0 1",
      "offset_ns master ptp4l ens3f0 18",
      "clock_state phc2sys CLOCK_REALTIME 1",
      "offset_ns phc phc2sys CLOCK_REALTIME 80"
    ])
  })
})
