import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { alarmsOf, noSightings, observeSighting, suspectUtcOffset } from "../../../src/services/clocks/ClockAlarms.ts"
import { advance, initialClockState, observeLine, observeStatuses } from "../../../src/services/clocks/ClockState.ts"
import { nodeClock } from "../../../src/services/clocks/NodeClockView.ts"
import { parseLogEvent } from "../../../src/services/linuxptp/LogEvent.ts"
import type { ProcessSpec } from "../../../src/services/processes/ProcessSpec.ts"
import { lineOf, recorded, saidBy, specOf, statusOf } from "./ProcessLog.ts"

const second = 1_000_000_000n
const ptp4l = specOf("ptp4l")
const phc2sys = specOf("phc2sys")

const running = (...specs: ReadonlyArray<ProcessSpec>) =>
  observeStatuses(initialClockState, specs.map((spec) => statusOf(spec)), 0n)
/** A message each `interval`, the first at 0. */
const hear = (spec: ProcessSpec, messages: ReadonlyArray<string>, interval = second, state = running(spec)) =>
  messages.reduce((heard, message, index) => observeLine(heard, saidBy(spec, message), BigInt(index) * interval), state)
const alarmsIn = (state: ReturnType<typeof running>) => nodeClock(state, undefined, 0)?.alarms ?? []
const reasonsIn = (state: ReturnType<typeof running>) => alarmsIn(state).map(({ reason }) => reason)
const times = (count: number, ...messages: ReadonlyArray<string>) =>
  Array.from({ length: count }, () => messages).flat()

const phc2sysWith = (...words: ReadonlyArray<string>) => specOf("phc2sys", { argv: ["phc2sys", "-a", "-r", ...words] })
const client = (global: string) => specOf("ptp4l", { files: { "/x/ptp4l.conf": `[global]\n${global}[ens1f0]\n` } })

const masterOffset = (servo: string) => `master offset -37000000123 ${servo} freq     -55 path delay      2143`
const faulty = "port 1 (eth0.100): MASTER to FAULTY on FAULT_DETECTED (FT_UNSPECIFIED)"

describe("suspectUtcOffset", () => {
  it.each([
    [0, false],
    [35_999_999_999, false],
    [36_000_000_000, true],
    [37_000_037_492, true],
    [-37_000_000_123, true],
    [38_000_000_000, true],
    [38_000_000_001, false]
  ])("of %d ns is %s", (offsetNs, expected) => assert.strictEqual(suspectUtcOffset(offsetNs), expected))
})

describe("alarms of a clock", () => {
  it("are none in recordings of a linuxptp that works", () => {
    const client = recorded("ptp4l-slave-linkdown-gmloss-3.1.1").slice(0, 30).map((text) => lineOf(ptp4l, text))
    const system = recorded("phc2sys-automatic-3.1.1").map((text) => lineOf(phc2sys, text))
    const state = [...client, ...system].reduce((heard, line) => observeLine(heard, line, 0n), running(ptp4l, phc2sys))
    assert.deepStrictEqual(alarmsIn(state), [])
  })

  // clockcheck.c prints these for the clock that the program itself steers.
  it.each([
    "clockcheck: clock frequency changed unexpectedly!",
    "clockcheck: clock jumped forward or running faster than expected!",
    "clockcheck: clock jumped backward or running slower than expected!"
  ])("tell of a second owner at the third sign of one: %s (L-49 two owners of a clock)", (message) => {
    assert.deepStrictEqual(reasonsIn(hear(phc2sys, times(2, message), 64n * second)), [])
    const [alarm] = alarmsIn(hear(phc2sys, times(3, message), 64n * second))
    assert.strictEqual(alarm?.reason, "ClockOwnerConflict")
    assert.match(alarm?.message ?? "", /^phc2sys-profile1-00000000: phc2sys's clock jumps .* stop chronyd, ntpd/)
    assert.deepStrictEqual(reasonsIn(hear(phc2sys, times(9, message), 300n * second)), [])
  })

  it("take the lines of one stall for one sign of a second owner", () => {
    const line = "clockcheck: clock jumped forward or running faster than expected!"
    const stall = hear(phc2sys, times(9, line), second / 5n)
    assert.deepStrictEqual(reasonsIn(stall), [])
    assert.deepStrictEqual(reasonsIn(hear(phc2sys, times(3, line), 30n * second, stall)), ["ClockOwnerConflict"])
  })

  it("tell of 37 s between system clock and PHC from the first offset on (L-50 37 s off)", () => {
    const all = recorded("phc2sys-replug-3.1.1").map((text) => lineOf(phc2sys, text))
    const lines = all.slice(0, all.findIndex(({ text }) => text.includes("offset 37000037492 s0")) + 1)
    const state = lines.reduce((heard, line) => observeLine(heard, line, 0n), running(phc2sys))
    assert.deepStrictEqual(reasonsIn(state), ["UtcOffsetSuspect"])
    assert.match(alarmsIn(state)[0]?.message ?? "", /: CLOCK_REALTIME was off by about 37 s/)
  })

  it("leave alone a PHC that starts on UTC and is stepped to TAI, not one that stays there", () => {
    const port = "port 1: UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED"
    assert.deepStrictEqual(reasonsIn(hear(ptp4l, [port, masterOffset("s0"), masterOffset("s1")])), [])
    assert.deepStrictEqual(reasonsIn(hear(ptp4l, [port, masterOffset("s2")])), ["UtcOffsetSuspect"])
    assert.deepStrictEqual(reasonsIn(hear(phc2sys, ["ens1f1 phc offset -37000000123 s0 freq +0 delay 270"])), [])
    const summary = "rms 37000000123 max 37000001680 freq     -0 +/-   1 delay  2196 +/-  37"
    assert.deepStrictEqual(reasonsIn(hear(ptp4l, [port, summary])), ["UtcOffsetSuspect"])
  })

  it("tell of a port that is FAULTY for the third time, not of a pulled cable (L-51 FAULTY in a loop)", () => {
    assert.deepStrictEqual(reasonsIn(hear(ptp4l, times(2, faulty), 20n * second)), [])
    assert.deepStrictEqual(alarmsIn(hear(ptp4l, times(3, faulty), 20n * second)), [{
      reason: "PortFaulty",
      message: "ptp4l-profile1-00000000: eth0.100 becomes FAULTY again and again: the lines before \"to FAULTY\" in " +
        "ptp4l's log say why"
    }])
    const other = "port 0: LISTENING to FAULTY on FAULT_DETECTED (FT_UNSPECIFIED)"
    assert.deepStrictEqual(reasonsIn(hear(ptp4l, times(3, other), 20n * second)), [])
  })

  it("name the missing time stamps as the cause of a FAULTY port (L-51 FAULTY in a loop)", () => {
    const once = recorded("ptp4l-tx-timeout-3.1.1")
    const state = [...once, ...once, ...once].reduce(
      (heard, text, index) => observeLine(heard, lineOf(ptp4l, text), BigInt(index) * 2n * second),
      running(ptp4l)
    )
    const [alarm] = alarmsIn(state)
    assert.match(alarm?.message ?? "", /ens1f0 becomes FAULTY .* no transmit time stamps .* tx_timestamp_timeout/)
  })

  it.each(
    [
      ["ptp4l", "failed to adjust the clock: Operation not permitted", "CAP_SYS_TIME is missing"],
      ["phc2sys", "failed to step clock: Operation not permitted", "CAP_SYS_TIME is missing"],
      ["phc2sys", "failed to adjust the clock: Invalid argument", "the clock refuses"],
      ["ts2phc", "nmea source timed out", "check ts2phc.nmea_serialport"],
      ["ptp4l", "port 1 (eth0.100): delay response timeout", "the master does not answer delay requests"],
      ["phc2sys", "failed to fetch PPS: Connection timed out", "the message names the cause"]
    ] as const
  )("tell what to check when %s says three times: %s", (program, message, hint) => {
    const spec = specOf(program)
    assert.deepStrictEqual(reasonsIn(hear(spec, times(2, message))), [])
    const [alarm, ...others] = alarmsIn(hear(spec, times(3, message)))
    assert.deepStrictEqual(others, [])
    assert.strictEqual(alarm?.reason, "LinuxptpFault")
    assert.include(alarm?.message ?? "", `${spec.id}: it says again and again "${message}": `)
    assert.include(alarm?.message ?? "", hint)
  })

  it.each([
    "foreign master not using PTP timescale",
    "uds: removed existing /run/ptp4l",
    "nothing to synchronize",
    "poll failed",
    "selected best master clock 62bd56.fffe.1c046d"
  ])("do not tell of what may belong to a clock that works: %s", (message) => {
    assert.deepStrictEqual(reasonsIn(hear(phc2sys, times(20, message))), [])
  })

  it("tell of a fault that comes three times within 5 min, until 5 min after the last", () => {
    const fault = "nmea source timed out"
    const ts2phc = specOf("ts2phc")
    assert.deepStrictEqual(reasonsIn(hear(ts2phc, times(9, fault), 151n * second)), [])
    const state = hear(ts2phc, times(3, fault), 150n * second)
    assert.deepStrictEqual(reasonsIn(advance(state, 600n * second - 1n)), ["LinuxptpFault"])
    assert.deepStrictEqual(reasonsIn(advance(state, 600n * second)), [])
    const more = observeLine(state, saidBy(ts2phc, fault), 599n * second)
    assert.deepStrictEqual(reasonsIn(advance(more, 898n * second)), ["LinuxptpFault"])
  })

  it("take what one lost link makes a client-only port say for one sign, and tell of a link that is lost for ever", () => {
    const lines = [
      "port 1: master state recommended in slave only mode",
      "port 1: defaultDS.priority1 probably misconfigured"
    ]
    const lost = hear(ptp4l, times(4, ...lines), second / 8n)
    assert.deepStrictEqual(reasonsIn(lost), [])
    assert.deepStrictEqual(reasonsIn(hear(ptp4l, times(5, ...lines), second)), ["LinuxptpFault", "LinuxptpFault"])
  })

  it("count a fault for each port, and another number in its words as the same fault", () => {
    const ports = [1, 2, 3].map((port) => `port ${port} (ens${port}f0): link down`)
    assert.deepStrictEqual(reasonsIn(hear(ptp4l, ports)), [])
    const numbers = [1, 2, 3].map((number) => `failed to read ${number} bytes`)
    assert.deepStrictEqual(reasonsIn(hear(ptp4l, numbers)), ["LinuxptpFault"])
  })

  it("change nothing more while a fault comes 16 times a second, except once a second", () => {
    const said = times(160, "failed to adjust the clock: Operation not permitted")
    const states = new Set<unknown>()
    let state = running(ptp4l)
    for (const [index, message] of said.entries()) {
      state = observeLine(state, saidBy(ptp4l, message), BigInt(index) * second / 16n)
      states.add([...state.processes.values()][0]?.sightings)
    }
    assert.strictEqual(states.size, 12)
  })

  it("tell of a fault of timemaster itself", () => {
    const timemaster = specOf("timemaster")
    const said = times(3, "process 453 terminated abnormally")
    assert.deepStrictEqual(reasonsIn(hear(timemaster, said)), ["LinuxptpFault"])
  })

  describe("of an offset that is only slewed", () => {
    const hour = "CLOCK_REALTIME phc offset 3600000000000 s2 freq +100000000 delay    270"
    /** One line a second: 11 of them take 10 s. */
    const slewing = (spec: ProcessSpec, message: string, count = 11) => reasonsIn(hear(spec, times(count, message)))

    it("tell of it after 10 s, with what to set", () => {
      assert.deepStrictEqual(slewing(phc2sysWith(), hour, 10), [])
      const [alarm, ...others] = alarmsIn(hear(phc2sysWith(), times(11, hour)))
      assert.deepStrictEqual(others, [])
      assert.strictEqual(alarm?.reason, "OffsetTooLarge")
      assert.match(alarm?.message ?? "", /: CLOCK_REALTIME is more than 1 ms off .* -S 0.001 or step_threshold 0.001, /)
      assert.deepStrictEqual(
        alarmsIn(hear(phc2sysWith(), times(60, hour))),
        alarmsIn(hear(phc2sysWith(), times(11, hour)))
      )
    })

    it.each<readonly [string, ReadonlyArray<string>, ReadonlyArray<string>]>([
      ["CLOCK_REALTIME phc offset 1000001 s2 freq +0 delay 270", [], ["OffsetTooLarge"]],
      ["CLOCK_REALTIME phc offset -1000001 s2 freq +0 delay 270", [], ["OffsetTooLarge"]],
      ["CLOCK_REALTIME rms 1000001 max 1000009 freq +0 +/- 1", [], ["OffsetTooLarge"]],
      ["CLOCK_REALTIME phc offset 1000000 s2 freq +0 delay 270", [], []],
      ["CLOCK_REALTIME phc offset 3600000000000 s0 freq +0 delay 270", [], []],
      [hour, ["-S", "0.001"], []],
      [hour, ["--step_threshold=0.001"], []],
      [hour, ["-F", "0.001"], ["OffsetTooLarge"]],
      [hour, ["-S", "4000"], ["OffsetTooLarge"]]
    ])("%s with %j: %j", (message, words, expected) => {
      assert.deepStrictEqual(slewing(phc2sysWith(...words), message), expected)
    })

    it("tell of ptp4l's clock by its NIC, by what its file says", () => {
      const lines = [
        "port 1: UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED",
        ...times(12, "master offset 5000000 s2 freq +0 path delay 1")
      ]
      assert.match(
        alarmsIn(hear(client(""), lines))[0]?.message ?? "",
        /: ens1f0 is more than 1 ms off .* by step_threshold/
      )
      assert.deepStrictEqual(reasonsIn(hear(client("step_threshold 0.00002\n"), lines)), [])
    })

    it("end when the clock is near again", () => {
      const state = hear(phc2sysWith(), times(20, hour))
      const near = saidBy(phc2sysWith(), "CLOCK_REALTIME phc offset 5 s2 freq +0 delay 270")
      const [process] = state.processes.values()
      if (process === undefined) throw new Error("no process")
      assert.deepStrictEqual(reasonsIn(observeLine(state, { ...near, spec: process.spec }, 20n * second)), [])
    })
  })

  it("end 5 min after the last sign, not before, and go with their process", () => {
    const state = hear(ptp4l, times(3, faulty), 20n * second)
    assert.deepStrictEqual(reasonsIn(advance(state, 340n * second - 1n)), ["PortFaulty"])
    assert.deepStrictEqual(reasonsIn(advance(state, 340n * second)), [])
    assert.deepStrictEqual(reasonsIn(observeStatuses(state, [statusOf(phc2sys)], 40n * second)), [])
  })

  it("outlast a restart, and end with the options that gave reason to them", () => {
    const state = hear(ptp4l, times(3, faulty), 20n * second)
    const restarted = observeStatuses(state, [statusOf(ptp4l, { run: 2 })], 41n * second)
    assert.deepStrictEqual(reasonsIn(restarted), ["PortFaulty"])
    const edited = specOf("ptp4l", { argv: ["ptp4l", "--tx_timestamp_timeout=50"] })
    assert.deepStrictEqual(reasonsIn(observeStatuses(state, [statusOf(edited)], 41n * second)), [])
  })

  it("stand in an order of their own, the worst first, and are 8 at most", () => {
    const ports = Array.from({ length: 20 }, (_, port) => `port ${port + 1}: MASTER to FAULTY on FAULT_DETECTED`)
    const jumps = times(3, "clockcheck: clock frequency changed unexpectedly!")
    const both = running(ptp4l, phc2sys)
    const heard = hear(phc2sys, jumps, 3n * second, hear(ptp4l, times(3, ...ports), second / 10n, both))
    assert.strictEqual(alarmsIn(heard).length, 8)
    assert.strictEqual(reasonsIn(heard)[0], "ClockOwnerConflict")
    const reversed = observeStatuses(heard, [statusOf(phc2sys), statusOf(ptp4l)], second)
    assert.deepStrictEqual(alarmsIn(reversed), alarmsIn(heard))
  })

  it("keep a message while an alarm lasts, however often its reason comes", () => {
    assert.deepStrictEqual(
      alarmsIn(hear(ptp4l, times(3, faulty), 20n * second)),
      alarmsIn(hear(ptp4l, times(300, faulty), 20n * second))
    )
  })

  it("never keep more than 64 things, whatever is said", () => {
    const speaker = { key: "ptp4l", program: "ptp4l", interfaces: ["ens1f0"] } as const
    const message = fc.oneof(
      fc.nat(65_535).map((port) => `port ${port}: MASTER to FAULTY on FAULT_DETECTED`),
      fc.string().map((clock) => `${clock} offset 37000000000 s2 freq +0`),
      fc.constantFrom("clockcheck: x", "timed out while polling for tx timestamp")
    )
    fc.assert(fc.property(fc.array(message, { minLength: 100, maxLength: 200 }), (said) => {
      const sightings = said.reduce(
        (seen, text) => observeSighting(seen, speaker, parseLogEvent(text), 0n),
        noSightings
      )
      assert.isAtMost(sightings.size, 64)
      assert.isAtMost(alarmsOf(sightings).length, 64)
    }))
  })
})
