import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import { lineFilter } from "../../../src/services/linuxptp/LineFilter.ts"

const offsetLine = "ptp4l[10.000]: master offset         12 s2 freq  -55 path delay      2143"

/** Whether the pattern matches the line; the reason if it is refused. */
const matches = (pattern: string, line: string) =>
  Result.match(lineFilter(pattern), { onFailure: (reason) => reason, onSuccess: (filter) => filter(line) })

describe("lineFilter", () => {
  it.each([
    ["", true],
    ["offset", true],
    ["^ptp4l.*offset", true],
    ["^.*delay   filtered.*$", false],
    ["^(ptp4l|phc2sys).*master offset.*s[0-3] freq.*", true],
    ["freq +[-+]?\\d+ path delay", true],
    ["(?:master|rms) offset( +-?\\d+ s2)?", true],
    ["\\((\\*|\\+)\\)", false],
    ["[*+(]{2}", false],
    ["(?<program>ptp4l)\\[", true],
    ["(?P<program>ptp4l)\\[", true],
    ["(?:ab)*", true],
    ["(?i)MASTER OFFSET", true],
    ["(?i:MASTER) offset", true],
    ["(?i)m(?-i)ASTER", false],
    ["[^[:alpha:]]{6,}12", true],
    ["[[:^digit:]]2 freq\\b", true],
    ["\\Bp4l\\x5b", true],
    ["\\Q[10.000]:\\E m", true],
    ["\\A\\pL{3}\\p{Nd}\\PNl", false],
    ["\\Aptp[^\\D]l", true],
    ["path delay {2,}[]0-9-]+\\z", true],
    ["x{,2}|y{z", false],
    ["(\\w+\\W*)*offset$", false],
    ["(a?){50}a{50}", false],
    [".*.*.*.*x$", false],
    [`${"(a|a)".repeat(40)}x`, false]
  ])("takes %j, and %s is whether it matches an offset", (pattern, isMatch) => {
    assert.strictEqual(matches(pattern, offsetLine), isMatch)
  })

  it.each([
    ["(", "a closing bracket is missing"],
    ["a)", "a closing bracket has no opening one"],
    ["[a", "a closing ] is missing"],
    ["[z-a]", "[z-a] is not valid"],
    ["*a", "nothing for * to repeat"],
    ["a**", "nothing for * to repeat"],
    ["a{3,2}", "{3,2} is not a count of at most 1000"],
    ["a{1001}", "{1001} is not a count of at most 1000"],
    ["(a{100}){100}", "with all its repetitions it is too large"],
    ["(a)\\1", "back references are not part of its syntax"],
    ["(?<x>a)\\k<x>", "back references are not part of its syntax"],
    ["^(?=ptp4l)", "look-ahead and look-behind are not part of its syntax"],
    ["^(?!ptp4l)", "look-ahead and look-behind are not part of its syntax"],
    ["(?<=ptp4l).*", "look-ahead and look-behind are not part of its syntax"],
    ["(?<!ptp4l).*", "look-ahead and look-behind are not part of its syntax"],
    ["\\p{Nonsense}", "\\p{Nonsense} is not valid"],
    ["\\h", "\\h is not an escape"],
    ["[[:nonsense:]]", "[:nonsense:] is not a class"],
    ["a".repeat(1001), "it has more than 1000 characters"]
  ])("refuses %j: %s", (pattern, reason) => {
    assert.strictEqual(matches(pattern, ""), reason)
  })

  it("matches no line of more than 200 characters", () => {
    assert.isTrue(matches("a$", "a".repeat(200)))
    assert.isFalse(matches("a$", "a".repeat(201)))
  })

  it.each(["((){1000}){1000}", "((\\b{0}){1000}){1000}", "((?:|){1000}){1000}"])(
    "refuses to repeat nothing a million times: %s",
    (pattern) => assert.strictEqual(matches(pattern, offsetLine), "with all its repetitions it is too large")
  )

  it("matches a character beyond 16 bits as one", () => {
    assert.isTrue(matches("^.$", "\u{1d11e}"))
    assert.isTrue(matches("^[\u{1d11d}-\u{1d11f}]$", "\u{1d11e}"))
  })

  it("never throws, and answers whatever both take as JavaScript's regular expression does", () => {
    const pieces = [
      "a",
      "\\w",
      ".",
      "[a-c]",
      "[^b\\d]",
      "\\b",
      "*",
      "+?",
      "?",
      "{1,3}",
      "{2}",
      "(",
      "(?:",
      ")",
      "|",
      "^",
      "$"
    ]
    const patterns = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((chosen) => chosen.join(""))
    fc.assert(fc.property(patterns, fc.stringMatching(/^[a-c ]{0,20}$/), (pattern, line) => {
      const isMatch = matches(pattern, line)
      const expression = Result.try(() => new RegExp(pattern))
      if (typeof isMatch === "string" || Result.isFailure(expression)) return
      assert.strictEqual(isMatch, expression.success.test(line))
    }))
    fc.assert(fc.property(fc.string({ unit: "binary" }), (pattern) => void matches(pattern, offsetLine)))
  })
})
