import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { lineFilter } from "../../../src/services/linuxptp/LineFilter.ts"

const offsetLine = "ptp4l[10.000]: master offset         12 s2 freq  -55 path delay      2143"

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
    ["(?:ab)*", true]
  ])("takes %j, and %s is whether it matches an offset", (pattern, isMatch) => {
    assert.strictEqual(lineFilter(pattern)?.(offsetLine), isMatch)
  })

  it.each([
    ["what is no regular expression", "("],
    ["a repeated group with a repetition in it", "^(\\w+\\W*)*offset$"],
    ["the same with a count", "(a+){20}"],
    ["a repeated group with an optional part", "(a?)*b"],
    ["a repeated group with alternatives", "^(\\w|\\d)*offset$"],
    ["a repetition two groups further in", "((?:x(a*)))+"],
    ["four repetitions", "\\w*\\w*\\w*\\w*x"],
    ["four repetitions in one alternative", "a|.*.*.*.*x"],
    ["many optional parts", `${"\\w?".repeat(30)}x`],
    ["many groups of alternatives", `${"(a|a)".repeat(40)}x`],
    ["counts with a wide range", "a{0,200}a{0,200}a{0,200}x"],
    ["a back reference", "(a)\\1"],
    ["a named back reference", "(?<x>a)\\k<x>"],
    ["look-ahead", "^(?=ptp4l)"],
    ["negative look-ahead", "^(?!ptp4l)"],
    ["look-behind", "(?<=ptp4l).*"],
    ["negative look-behind", "(?<!ptp4l).*"],
    ["more than 1000 characters", "a".repeat(1001)]
  ])("does not take %s", (_, pattern) => {
    assert.isUndefined(lineFilter(pattern))
  })

  it("matches no line of more than 160 characters", () => {
    const filter = lineFilter("a$")
    assert.isTrue(filter?.("a".repeat(160)))
    assert.isFalse(filter?.("a".repeat(161)))
  })

  it("never throws, and answers whatever it takes as the plain regular expression does", () => {
    const piece = fc.constantFrom(
      "a",
      "\\w",
      ".",
      "[a-c]",
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
    )
    const patterns = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""))
    fc.assert(fc.property(patterns, fc.stringMatching(/^[a-c ]{0,20}$/), (pattern, line) => {
      const filter = lineFilter(pattern)
      if (filter === undefined) return
      assert.strictEqual(filter(line), new RegExp(pattern).test(line))
    }))
  })

  it("takes no pattern of random parts that needs more than 1 s for a line of 40 characters", () => {
    const atom = fc.constantFrom("a", "\\w", "[ab]")
    const { pattern } = fc.letrec<{ pattern: string; part: string }>((tie) => ({
      pattern: fc.array(tie("part"), { minLength: 1, maxLength: 5 }).map((all) => all.join("")),
      part: fc.oneof(
        { depthSize: "small" },
        fc.tuple(atom, fc.constantFrom("", "*", "+", "?")).map((both) => both.join("")),
        fc.tuple(tie("pattern"), tie("pattern"), fc.constantFrom("", "*", "?", "{3}"))
          .map(([a, b, repetition]) => `(?:${a}|${b})${repetition}`),
        fc.tuple(tie("pattern"), fc.constantFrom("", "*", "?")).map(([a, repetition]) => `(${a})${repetition}`)
      )
    }))
    fc.assert(
      fc.property(pattern, (text) => {
        const filter = lineFilter(`^${text}x$`)
        const before = performance.now()
        filter?.("a".repeat(40))
        assert.isBelow(performance.now() - before, 1000)
      }),
      { numRuns: 300 }
    )
  })
})
