import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import {
  formatLinuxptpVersion,
  isAtLeast,
  parseLinuxptpVersion
} from "../../../src/services/linuxptp/LinuxptpVersion.ts"

describe("LinuxptpVersion", () => {
  it.each([
    ["", undefined],
    ["4", undefined],
    ["linuxptp 4.4", undefined],
    ["4.4; rm -rf /", undefined],
    ["4.4\n", "4.4"],
    ["3.1.1", "3.1.1"],
    ["4.0.0", "4.0"],
    ["v4.2-rc1", "4.2"],
    ["3.1.1-3+deb12u1", "3.1.1"],
    ["4.4-00012-gabcdef0", "4.4"],
    ["4.4-00012-gabcdef0-dirty", "4.4"]
  ])("reads %j as %s", (text, expected) => {
    const version = parseLinuxptpVersion(text)
    assert.strictEqual(version && formatLinuxptpVersion(version), expected)
  })

  it.each([
    ["3.1.1", 3, 1, true],
    ["3.1.1", 3, 2, false],
    ["3.1.1", 4, 0, false],
    ["4.0", 3, 1, true],
    ["4.10", 4, 9, true]
  ])("compares %s with %i.%i by numbers: %s", (text, major, minor, expected) => {
    const version = parseLinuxptpVersion(text)
    assert.strictEqual(version && isAtLeast(version, major, minor), expected)
  })

  it("reads back what it writes", () => {
    const part = fc.nat(9999)
    fc.assert(fc.property(part, part, part, (major, minor, patch) => {
      const version = { major, minor, patch }
      assert.deepStrictEqual(parseLinuxptpVersion(formatLinuxptpVersion(version)), version)
    }))
  })

  it("never throws and is not slow on long text", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."v0123.-+~ga \n") }), (text) => void parseLinuxptpVersion(text))
    )
    assert.isUndefined(parseLinuxptpVersion(`4.4-${".".repeat(100_000)}!`))
  })
})
