import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { parseLogLine } from "../../../src/services/linuxptp/LogEvent.ts"

describe("parseLogLine", () => {
  it("puts frame, tag and meaning into one flat value", () => {
    assert.deepStrictEqual(parseLogLine("ptp4l[7.890]: [0:eth0] port 1 (eth0): link down\n"), {
      program: "ptp4l",
      uptime: 7.89,
      tag: "[0:eth0]",
      kind: "fault",
      text: "port 1 (eth0): link down",
      hint: "no carrier on this NIC: check cable, SFP and the peer's port"
    })
  })

  it.each([
    ["", ""],
    ["\n", ""],
    ["usage: ptp4l [options]\r\n", "usage: ptp4l [options]"],
    ["x ptp4l[1.000]: port 1: INITIALIZING to LISTENING on INIT_COMPLETE", undefined]
  ])("hands %j on as it is, without a frame", (line, text = line) => {
    assert.deepStrictEqual(parseLogLine(line), { kind: "unframed", text })
  })

  it("never takes a frame inside a message for a second line", () => {
    const inner = "ptp4l[1.000]: port 1: LISTENING to SLAVE on RS_SLAVE"
    for (const glue of ["", " ", "\n", "\r", "\u2028", "\u0000"]) {
      assert.strictEqual(parseLogLine(`ptp4l[1.000]: from the network:${glue}${inner}`).kind, "message")
    }
  })

  it("never throws, and keeps every character of what it does not know (L-21 unknown lines)", () => {
    const piece = fc.oneof(
      fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
      fc.constantFrom(
        ..."[](): \n\r\t\u0000\u001b\u2028\ud800",
        "ptp4l[1.000]: ",
        "phc2sys[",
        "[tag] ",
        "port 1 (",
        "): SLAVE to ",
        "FAULTY on ",
        "master offset",
        "rms 1 max 2 freq ",
        "+/-",
        " s2 ",
        "-99999999999999999999"
      )
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const line = pieces.join("")
        const event = parseLogLine(line)
        if (event.kind === "unframed" || event.kind === "message" || event.kind === "fault") {
          // One end of a line goes; a second carriage return is a character like any other.
          assert.isTrue(line.replace(/\r?\n?$/, "").endsWith(event.text))
        }
        for (const value of Object.values(event)) assert.isFalse(Number.isNaN(value))
      }),
      { examples: [[["\u0000", "\r", "\r"]]] }
    )
  })

  // Time that grows with the square of the length would be days here.
  it("reads lines of 1 MB of the characters that its patterns repeat", () => {
    const heads = ["", "ptp4l[1.000]: ", "ptp4l[1.000]: [", "ptp4l[1.000]: master offset", "ptp4l[1.000]: port 1 ("]
    for (const head of heads) {
      for (const unit of [" ", "a", "1", "[", "] ", ")", "): ", "- ", "port 1 (", "\r", "\n", "\u0000"]) {
        const event = parseLogLine(head + unit.repeat(1_000_000 / unit.length))
        assert.strictEqual(event.kind, head === "" ? "unframed" : "message")
      }
    }
  })
})
