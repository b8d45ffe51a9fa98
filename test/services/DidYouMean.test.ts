import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { didYouMean, didYouMeanText } from "../../src/services/DidYouMean.ts"

const fields = ["name", "interface", "ptp4lOpts", "phc2sysOpts", "ts2phcOpts", "ptp4lConf", "ptpSettings", "priority"]

describe("didYouMean", () => {
  it.each([
    ["phc2sysopts", "phc2sysOpts"],
    ["ptp4lOpt", "ptp4lOpts"],
    ["ptp4l_opts", "ptp4lOpts"],
    ["ptp4lConfig", "ptp4lConf"],
    ["priorty", "priority"],
    ["prioirty", "priority"],
    ["interfaces", "interface"],
    ["nmae", "name"],
    ["ptpSettingsOfNode", "ptpSettings"],
    ["ptp4lConfiguration", "ptp4lConf"],
    ["ptp4l", undefined],
    ["plugins", undefined],
    ["x", undefined],
    ["", undefined]
  ])("takes %s for %s", (name, meant) => {
    assert.strictEqual(didYouMean(name, fields), meant)
  })

  it("prefers the nearest name, and then the first", () => {
    assert.strictEqual(didYouMean("abcdefgx", ["abcdefgyy", "abcdefgh", "abcdefgi"]), "abcdefgh")
  })

  it("is a phrase to append to a message, or nothing", () => {
    assert.strictEqual(didYouMeanText("priorty", fields), " (did you mean priority?)")
    assert.strictEqual(didYouMeanText("synce4lConf", fields), "")
  })

  it("finds every known name again after one slip", () => {
    fc.assert(fc.property(
      fc.constantFrom(...fields),
      fc.nat({ max: 20 }),
      fc.constantFrom("q", "-", "_"),
      (name, at, slip) => {
        const place = 1 + (at % name.length)
        assert.strictEqual(didYouMean(`${name.slice(0, place)}${slip}${name.slice(place)}`, fields), name)
      }
    ))
  })

  it("does no work for a text that is no name", () => {
    assert.isUndefined(didYouMean("x".repeat(10_000_000), fields))
  })
})
