import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { type LogEvent, parseLogEvent } from "../../../src/services/linuxptp/LogEvent.ts"
import { portStates } from "../../../src/services/linuxptp/PortState.ts"

const signed = (value: number): string => (value < 0 ? `${value}` : `+${value}`)

describe("parseLogEvent", () => {
  it.each<readonly [string, LogEvent]>([
    // ptp4l, all versions
    ["master offset       -425 s0 freq      +0 path delay      2328", {
      kind: "offset",
      source: "master",
      offsetNs: -425,
      servoState: "s0",
      frequencyPpb: 0,
      delayNs: 2328
    }],
    ["master offset          0 s2 freq      -0 path delay        -7", {
      kind: "offset",
      source: "master",
      offsetNs: 0,
      servoState: "s2",
      frequencyPpb: 0,
      delayNs: -7
    }],
    // phc2sys: with and without delay; version 1.5 without a clock; clocks of any name
    ["CLOCK_REALTIME phc offset       575 s1 freq    +286 delay    180", {
      kind: "offset",
      source: "phc",
      clock: "CLOCK_REALTIME",
      offsetNs: 575,
      servoState: "s1",
      frequencyPpb: 286,
      delayNs: 180
    }],
    ["eth0.100 sys offset -37000000012 s3 freq +100000", {
      kind: "offset",
      source: "sys",
      clock: "eth0.100",
      offsetNs: -37000000012,
      servoState: "s3",
      frequencyPpb: 100000
    }],
    ["/dev/ptp1 pps offset         1 s0 freq      +0", {
      kind: "offset",
      source: "pps",
      clock: "/dev/ptp1",
      offsetNs: 1,
      servoState: "s0",
      frequencyPpb: 0
    }],
    ["phc offset         1 s2 freq      +5 delay      9", {
      kind: "offset",
      source: "phc",
      offsetNs: 1,
      servoState: "s2",
      frequencyPpb: 5,
      delayNs: 9
    }],
    // ts2phc 3.1, 4.0, 4.4
    ["eth0 master offset          3 s2 freq      -8", {
      kind: "offset",
      source: "master",
      clock: "eth0",
      offsetNs: 3,
      servoState: "s2",
      frequencyPpb: -8
    }],
    ["/dev/ptp0 offset          3 s2 freq      -8", {
      kind: "offset",
      clock: "/dev/ptp0",
      offsetNs: 3,
      servoState: "s2",
      frequencyPpb: -8
    }],
    ["br-ex offset          3 s3 freq      -8 holdover", {
      kind: "offset",
      clock: "br-ex",
      offsetNs: 3,
      servoState: "s3",
      frequencyPpb: -8,
      holdover: true
    }]
  ])("reads the offset of %j", (text, event) => {
    assert.deepStrictEqual(parseLogEvent(text), event)
  })

  it.each<readonly [string, LogEvent]>([
    ["rms    3 max    5 freq     +0 +/-   1", {
      kind: "summary",
      rmsNs: 3,
      maxNs: 5,
      frequencyPpb: 0,
      frequencyStdDevPpb: 1
    }],
    ["rms 18499930269 max 36999861273 freq +10167 +/- 3846 delay   429 +/- 123", {
      kind: "summary",
      rmsNs: 18499930269,
      maxNs: 36999861273,
      frequencyPpb: 10167,
      frequencyStdDevPpb: 3846,
      delayNs: 429,
      delayStdDevNs: 123
    }],
    ["CLOCK_REALTIME rms    3 max    5 freq     -7 +/-   1 delay    -9 +/-   0", {
      kind: "summary",
      clock: "CLOCK_REALTIME",
      rmsNs: 3,
      maxNs: 5,
      frequencyPpb: -7,
      frequencyStdDevPpb: 1,
      delayNs: -9,
      delayStdDevNs: 0
    }]
  ])("reads the summary of %j (L-15 optional fields)", (text, event) => {
    assert.deepStrictEqual(parseLogEvent(text), event)
  })

  it.each<readonly [string, LogEvent]>([
    ["port 1: INITIALIZING to LISTENING on INIT_COMPLETE", {
      kind: "portState",
      port: 1,
      from: "INITIALIZING",
      to: "LISTENING",
      event: "INIT_COMPLETE"
    }],
    ["port 2 (eth0.100): SLAVE to FAULTY on FAULT_DETECTED (FT_BAD_PEER_NETWORK)", {
      kind: "portState",
      port: 2,
      interface: "eth0.100",
      from: "SLAVE",
      to: "FAULTY",
      event: "FAULT_DETECTED",
      fault: "FT_BAD_PEER_NETWORK"
    }],
    ["port 0 (/var/run/ptp4l(1)): INITIALIZING to LISTENING on INIT_COMPLETE", {
      kind: "portState",
      port: 0,
      interface: "/var/run/ptp4l(1)",
      from: "INITIALIZING",
      to: "LISTENING",
      event: "INIT_COMPLETE"
    }],
    ["port 1 (): LISTENING to GRAND_MASTER on RS_GRAND_MASTER", {
      kind: "portState",
      port: 1,
      interface: "",
      from: "LISTENING",
      to: "GRAND_MASTER",
      event: "RS_GRAND_MASTER"
    }]
  ])("reads the transition of %j", (text, event) => {
    assert.deepStrictEqual(parseLogEvent(text), event)
  })

  it.each<readonly [string, LogEvent]>([
    ["selected best master clock 62bd56.fffe.1c046d", {
      kind: "bestMaster",
      clockIdentity: "62bd56.fffe.1c046d",
      local: false
    }],
    ["selected local clock c6776d.fffe.316e19 as best master", {
      kind: "bestMaster",
      clockIdentity: "c6776d.fffe.316e19",
      local: true
    }]
  ])("reads the best master of %j (L-22 hexadecimal identity)", (text, event) => {
    assert.deepStrictEqual(parseLogEvent(text), event)
  })

  it.each([
    "",
    " ",
    "config item (null).utc_offset is 37",
    "master offset",
    "master offset -425",
    "master offset -425 s0",
    "master offset -425 s4 freq +0 path delay 1",
    "master offset -425 s0 freq +0 path delay",
    "master offset -425 s0 freq +0 path delay 1 and more",
    "master offset x s0 freq +0 path delay 1",
    "master offset -425 s0 freq +nan path delay 1",
    "a master offset -425 s0 freq +0 path delay 1 x",
    "eth0 offset 5",
    "rms",
    "rms 1 max 2",
    "rms 1 max 2 freq +3 +/- 4 delay 5",
    "two words rms 1 max 2 freq +3 +/- 4",
    "port 1: LISTENING to SLEEPING on INIT_COMPLETE",
    "port 1: NONE to LISTENING on INIT_COMPLETE",
    "port 1: INITIALIZING to LISTENING",
    "port x: INITIALIZING to LISTENING on INIT_COMPLETE",
    "port -1: INITIALIZING to LISTENING on INIT_COMPLETE",
    "port 1 eth0: INITIALIZING to LISTENING on INIT_COMPLETE",
    "port 1 (eth0): new foreign master 62bd56.fffe.1c046d-1",
    "selected best master clock",
    "selected best master clock 62bd56.fffe.1c046g",
    "selected /dev/ptp0 as PTP clock",
    "updating UTC offset to 37",
    "delay   filtered       2155   raw       1502"
  ])("takes %j for a plain message (L-15 optional fields, L-16 parsing by substring)", (text) => {
    assert.deepStrictEqual(parseLogEvent(text), { kind: "message", text })
  })

  it("takes a message longer than print.c's buffer for a plain message", () => {
    const text = `port 1 (${"x".repeat(1024)}): INITIALIZING to LISTENING on INIT_COMPLETE`
    assert.deepStrictEqual(parseLogEvent(text), { kind: "message", text })
  })

  const integer = fc.maxSafeInteger()
  const clock = fc.option(fc.stringMatching(/^[A-Za-z0-9_/.:@-]{5,15}$/), { nil: undefined })

  it("gives back the numbers that phc2sys printed (L-18 names and signs)", () => {
    const servoState = fc.constantFrom("s0", "s1", "s2", "s3")
    const delay = fc.option(integer, { nil: undefined })
    fc.assert(fc.property(clock, integer, servoState, integer, delay, (clock, offsetNs, servoState, ppb, delayNs) => {
      const prefix = clock === undefined ? "" : `${clock} `
      const suffix = delayNs === undefined ? "" : ` delay ${String(delayNs).padStart(6)}`
      const offset = String(offsetNs).padStart(9)
      const text = `${prefix}phc offset ${offset} ${servoState} freq ${signed(ppb).padStart(7)}${suffix}`
      assert.deepEqual(parseLogEvent(text), {
        kind: "offset",
        source: "phc",
        ...(clock !== undefined && { clock }),
        offsetNs,
        servoState,
        frequencyPpb: ppb,
        ...(delayNs !== undefined && { delayNs })
      })
    }))
  })

  it("gives back the transition that ptp4l printed, whatever the interface is called (L-18 names and signs)", () => {
    const state = fc.constantFrom(...portStates)
    const nic = fc.option(fc.stringMatching(/^[!-~]{1,100}$/).filter((name) => !name.includes(":")), { nil: undefined })
    const fault = fc.option(fc.constantFrom("FT_UNSPECIFIED", "FT_SWITCH_PHC"), { nil: undefined })
    fc.assert(fc.property(fc.nat(65534), nic, state, state, fault, (port, nic, from, to, fault) => {
      const name = nic === undefined ? `port ${port}` : `port ${port} (${nic})`
      assert.deepStrictEqual(
        parseLogEvent(`${name}: ${from} to ${to} on FAULT_DETECTED${fault === undefined ? "" : ` (${fault})`}`),
        {
          kind: "portState",
          port,
          ...(nic !== undefined && { interface: nic }),
          from,
          to,
          event: "FAULT_DETECTED",
          ...(fault !== undefined && { fault })
        }
      )
    }))
  })
})
