import { assert, describe, it } from "@effect/vitest"
import { parseChildMessage, speakerOf } from "../../../src/services/clocks/Speaker.ts"
import { parseLogLine } from "../../../src/services/linuxptp/LogEvent.ts"
import { specOf } from "./ProcessLog.ts"

const ptp4l = specOf("ptp4l")
const timemaster = specOf("timemaster")

describe("Speaker", () => {
  it("is the process's own program and no other", () => {
    assert.deepStrictEqual(speakerOf(ptp4l, parseLogLine("ptp4l[1.000]: x")), {
      key: "ptp4l",
      program: "ptp4l",
      interfaces: ["ens1f0"]
    })
    assert.strictEqual(speakerOf(ptp4l, parseLogLine("phc2sys[1.000]: x")), undefined)
    assert.strictEqual(speakerOf(ptp4l, parseLogLine("unknown option x")), undefined)
  })

  it("is a child of timemaster by its tag, whose NICs are in port order", () => {
    assert.deepStrictEqual(speakerOf(timemaster, parseLogLine("ptp4l[1.000]: [24:ens3f1+ens3f0] x")), {
      key: "ptp4l [24:ens3f1+ens3f0]",
      program: "ptp4l",
      interfaces: ["ens3f1", "ens3f0"]
    })
    assert.strictEqual(speakerOf(timemaster, parseLogLine("timemaster[1.000]: exiting")), undefined)
  })

  it.each([
    [
      "process 453 started: /usr/sbin/ptp4l -m -q -f /run/ptp4l.0.conf -H -i ens3f0 -i ens3f1 ",
      453,
      "ptp4l ens3f0+ens3f1"
    ],
    ["process 454 started: /usr/sbin/phc2sys -m -a -r -t [0:ens3f0] -n 0 -E ntpshm -M 0 ", 454, "phc2sys ens3f0"]
  ])("reads %j", (text, pid, child) => {
    assert.deepStrictEqual(parseChildMessage(text), { kind: "started", pid, child })
  })

  it.each(["process 453 terminated with status 0", "process 453 terminated abnormally"])("reads %j", (text) => {
    assert.deepStrictEqual(parseChildMessage(text), { kind: "ended", pid: 453 })
  })

  it("reads nothing of the NTP server and of other messages", () => {
    assert.strictEqual(
      parseChildMessage("process 452 started: /usr/sbin/chronyd -x -n -f /run/chrony.conf "),
      undefined
    )
    assert.strictEqual(parseChildMessage("exiting"), undefined)
  })
})
