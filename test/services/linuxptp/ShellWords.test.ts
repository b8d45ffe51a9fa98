import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { splitShellWords } from "../../../src/services/linuxptp/ShellWords.ts"

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

describe("splitShellWords", () => {
  it.each<[string, ReadonlyArray<string>]>([
    ["", []],
    [" \t\n ", []],
    ["-s -2", ["-s", "-2"]],
    ["  -s   -2  ", ["-s", "-2"]],
    ["-s\n-2\n", ["-s", "-2"]],
    ["''", [""]],
    ["a''b", ["ab"]],
    ["'a b' \"c d\" e\\ f", ["a b", "c d", "e f"]],
    [`'a\\b'`, ["a\\b"]],
    [`"a\\b\\"\\\\\\$"`, ["a\\b\"\\$"]],
    ["$HOME `id` $(id) * ~ ; | & > <", ["$HOME", "`id`", "$(id)", "*", "~", ";", "|", "&", ">", "<"]],
    ["# -s", ["#", "-s"]]
  ])("splits %j (L-37 double blanks)", (text, words) => {
    assert.deepStrictEqual(splitShellWords(text), { words })
  })

  it.each([
    ["'", "has no closing '"],
    ["-t \"x", "has no closing \""],
    ["-t x\\", "ends in a backslash"],
    ["-t 'a\nb'", "contains the control character U+000A"],
    ["-t a\\\nb", "contains the control character U+000A"],
    ["-t \u001b[31m", "contains the control character U+001B"],
    ["-t \u0000", "contains the control character U+0000"],
    ["-t a\u202eb", "contains the control character U+202E"],
    ["-t \ud800", "contains the control character U+D800"]
  ])("refuses %j", (text, error) => {
    assert.deepStrictEqual(splitShellWords(text), { error })
  })

  it("gives back any words that were quoted", () => {
    const word = fc.string({ unit: "grapheme-ascii" })
    fc.assert(fc.property(fc.array(word), (words) => {
      assert.deepStrictEqual(splitShellWords(words.map(quote).join(" ")), { words })
    }))
  })

  it("never throws, and no word holds a control character, whatever the text", () => {
    const unit = fc.constantFrom(..."a -'\"\\$ \n\t\u0000\u001b\u202e\ud800é")
    fc.assert(fc.property(fc.string({ unit }), (text) => {
      const split = splitShellWords(text)
      const words = "words" in split ? split.words : []
      assert.deepStrictEqual(words.filter((word) => /\p{C}/u.test(word)), [])
    }))
  })
})
