import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { parseLogFrame, withoutLineEnd } from "../../../src/services/linuxptp/LogLine.ts"

describe("parseLogFrame", () => {
  it.each([
    "",
    " ",
    "\n",
    "ptp4l",
    "ptp4l[1.000]:",
    "ptp4l[1.000] no colon",
    "ptp4l[1]: no milliseconds",
    "ptp4l[1.00]: two digits",
    "ptp4l[.000]: no seconds",
    "ptp4l[-1.000]: negative",
    "[1.000]: no program",
    " ptp4l[1.000]: indented",
    "2ptp[1.000]: starts with a digit",
    "Ptp4l[1.000]: in capitals",
    "failed to parse configuration file /etc/ptp4l.conf",
    "2026-11-22T15:42:39Z chronyd version 4.3 starting",
    "unknown option ptp4l[1.000]: in global section"
  ])("finds no frame in %j", (line) => {
    assert.isUndefined(parseLogFrame(line))
  })

  it.each([
    ["ptp4l[1.000]: x", { program: "ptp4l", uptime: 1, text: "x" }],
    ["ptp4l[1.000]: ", { program: "ptp4l", uptime: 1, text: "" }],
    ["phc2sys[999999999.123]: x", { program: "phc2sys", uptime: 999999999.123, text: "x" }],
    ["ts2phc[0.001]: x\n", { program: "ts2phc", uptime: 0.001, text: "x" }],
    ["timemaster[1.000]: process 7 started: a \r\n", {
      program: "timemaster",
      uptime: 1,
      text: "process 7 started: a "
    }],
    ["phc_ctl[1.000]: x", { program: "phc_ctl", uptime: 1, text: "x" }],
    ["ptp4l[1.000]: ptp4l[2.000]: x", { program: "ptp4l", uptime: 1, text: "ptp4l[2.000]: x" }]
  ])("reads %j", (line, frame) => {
    assert.deepStrictEqual(parseLogFrame(line), frame)
  })

  it.each([
    ["[ptp4l.0.config] x", "[ptp4l.0.config]", "x"],
    ["[ptp4l.0.config:{level}] x", "[ptp4l.0.config:{level}]", "x"],
    ["[ptp4l.0.config:6] x", "[ptp4l.0.config:6]", "x"],
    ["[0:eth0+eth1] x", "[0:eth0+eth1]", "x"],
    ["[two words] x", "[two words]", "x"],
    ["[a] [b] x", "[a]", "[b] x"],
    ["[a] ", undefined, "[a] "],
    ["[a]", undefined, "[a]"],
    ["[a]x", undefined, "[a]x"],
    ["[] x", undefined, "[] x"],
    ["[a x", undefined, "[a x"],
    ["[a\u001b] x", undefined, "[a\u001b] x"],
    [`[${"a".repeat(127)}] x`, undefined, `[${"a".repeat(127)}] x`],
    ["port 1 [a] x", undefined, "port 1 [a] x"]
  ])("reads the tag of %j", (message, tag, text) => {
    const frame = parseLogFrame(`ptp4l[1.000]: ${message}`)
    assert.deepStrictEqual(frame, { program: "ptp4l", uptime: 1, ...(tag !== undefined && { tag }), text })
  })

  it("gives back what print.c was given", () => {
    const program = fc.constantFrom("ptp4l", "phc2sys", "ts2phc", "timemaster", "nsm", "pmc")
    const tag = fc.option(fc.stringMatching(/^\[[ -Z^-~]{1,100}\]$/), { nil: undefined })
    const text = fc.stringMatching(/^[a-z][ -~]{0,200}$/)
    fc.assert(fc.property(program, fc.nat(), fc.nat(999), tag, text, (program, seconds, millis, tag, text) => {
      const uptime = `${seconds}.${String(millis).padStart(3, "0")}`
      const line = `${program}[${uptime}]: ${tag === undefined ? "" : `${tag} `}${text}\n`
      assert.deepStrictEqual(parseLogFrame(line), {
        program,
        uptime: Number(uptime),
        ...(tag !== undefined && { tag }),
        text
      })
    }))
  })
})

describe("withoutLineEnd", () => {
  it.each([
    ["", ""],
    ["\n", ""],
    ["\r\n", ""],
    ["a", "a"],
    ["a\n", "a"],
    ["a\r", "a"],
    ["a\r\n", "a"],
    ["a\n\n", "a\n"],
    ["a\n\r", "a\n"],
    [" a ", " a "]
  ])("of %j is %j", (line, text) => {
    assert.strictEqual(withoutLineEnd(line), text)
  })
})
