import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import { Program } from "../../../src/services/linuxptp/Program.ts"
import { whyNotReady } from "../../../src/services/linuxptp/WhyNotReady.ts"

const recorded = (file: string): ReadonlyArray<string> =>
  readFileSync(`${import.meta.dirname}/../../fixtures/logs/${file}-3.1.1.txt`, "utf8").trimEnd().split("\n")

const waiting = ["907.053", "908.054", "909.055"].map((time) => `phc2sys[${time}]: Waiting for ptp4l...`)

describe("whyNotReady", () => {
  it.each<readonly [Program, ReadonlyArray<string>, hint: string, last: string]>([
    ["phc2sys", waiting, "ptp4l does not answer: its domainNumber", "Waiting for ptp4l..."],
    ["ts2phc", ["ts2phc[911.169]: Waiting for ptp4l..."], "ptp4l does not answer", "Waiting for ptp4l..."],
    ["phc2sys", ["phc2sys[1.000]: no PHC ready, waiting..."], "no port of ptp4l with a PTP hardware clock", "no PHC"],
    ["phc2sys", ["phc2sys[1.000]: source clock not ready, waiting..."], "UNCALIBRATED", "source clock not ready"],
    ["phc2sys", ["phc2sys[1.000]: master clock not ready, waiting..."], "UNCALIBRATED", "master clock not ready"],
    ["ts2phc", ["ts2phc[1.000]: reference clock not ready, waiting..."], "UNCALIBRATED", "reference clock not"],
    ["ts2phc", ["ts2phc[1.000]: nmea: no valid rmc fix"], "antenna", "nmea: no valid rmc fix"],
    ["ts2phc", ["ts2phc[1.000]: PHC slave eth0 has ptp index 0"], "no pulse arrives", "PHC slave eth0"],
    ["ts2phc", [], "no pulse arrives", "it printed nothing"],
    ["phc2sys", ["", " "], "it compares no clocks", "it printed nothing"],
    ["ptp4l", [], "a driver", "it printed nothing"],
    ["timemaster", [], "a driver", "it printed nothing"],
    ["timemaster", ["timemaster[1.000]: x"], "last lines: x", "x"],
    ["ptp4l", recorded("ptp4l-interface-down").slice(2, 5), "no carrier", "port 1: link down"],
    [
      "ptp4l",
      ["ptp4l[1.000]: port 1 (a): INITIALIZING to FAULTY on FAULT_DETECTED (FT_UNSPECIFIED)"],
      "port 1: still FAULTY",
      "FAULT_DETECTED"
    ],
    [
      "ptp4l",
      [1, 3].map((port) => `ptp4l[1.000]: port ${port}: FAULTY to INITIALIZING on FAULT_CLEARED`),
      "port 1, 3: still INITIALIZING",
      "FAULT_CLEARED"
    ],
    ["ptp4l", recorded("ptp4l-uds-missing").slice(0, 3), "phc2sys waits for ever", "uds: bind failed"]
  ])("%s after %j", (program, lines, hint, last) => {
    const text = whyNotReady(program, lines)
    assert.include(text, hint)
    assert.include(text, last)
  })

  it("shows the last three different lines without their times, oldest first, and the hint for the newest", () => {
    const lines = ["phc2sys[1.000]: a", "phc2sys[2.000]: port 1: link down", "phc2sys[3.000]: b", ...waiting]
    assert.match(
      whyNotReady("phc2sys", lines),
      /^ptp4l does not answer.* \(last lines: port 1: link down \| b \| Waiting for/
    )
  })

  it("is bounded and never throws", () => {
    fc.assert(fc.property(fc.constantFrom(...Program.literals), fc.array(fc.string()), (program, lines) => {
      assert.isAtMost(whyNotReady(program, lines).length, 700)
    }))
  })
})
