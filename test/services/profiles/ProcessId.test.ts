import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { processId } from "../../../src/services/profiles/ProcessId.ts"

describe("processId", () => {
  // A daemon that is replaced by a newer one finds its directories and its last known good by these.
  it.each(
    [
      ["ptp4l", "grandmaster", "profile1", "ptp4l-profile1-c76fa783"],
      ["phc2sys", "a", "Zürich / größer 𝄞", "phc2sys-Z-rich-gr-er--879b3444"],
      ["ts2phc", "config-with-a-long-name", "long".repeat(20), "ts2phc-longlonglonglonglonglong-a33f2083"],
      ["timemaster", "", "", "timemaster--8a5edab2"]
    ] as const
  )("is what it always was for %s of %s/%s", (program, config, profile, id) => {
    assert.strictEqual(processId(program, config, profile), id)
  })

  it("cuts long names to 24 characters and keeps them apart", () => {
    const a = processId("ptp4l", "x", `${"long".repeat(20)}a`)
    const b = processId("ptp4l", "x", `${"long".repeat(20)}b`)
    assert.strictEqual(a.length, "ptp4l-".length + 24 + 1 + 8)
    assert.notStrictEqual(a, b)
  })

  it("is a safe file name, whatever the profile is called", () => {
    const anyText = fc.array(fc.nat(0x10ffff)).map((points) => String.fromCodePoint(...points))
    fc.assert(fc.property(anyText, (profile) => {
      assert.match(processId("phc2sys", "x", profile), /^phc2sys-[A-Za-z0-9_-]{0,24}-[0-9a-f]{8}$/)
    }))
  })
})
