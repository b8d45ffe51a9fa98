import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { type Grammar, readGetopt, type Token } from "../../../src/services/linuxptp/Getopt.ts"

/** `-a` and `-b` take nothing, `-i` and `-l` a value; `--name` is the only long option. */
const grammar: Grammar = {
  takesValue: (letter) => "ab".includes(letter) ? false : "il".includes(letter) ? true : undefined,
  isName: (name) => name === "name"
}

const show = (token: Token): string => {
  if (token._tag === "Stray") return `stray ${token.typed}`
  return `${token.typed}${token.value === undefined ? "" : `(${token.value})`}`
}

const read = (words: ReadonlyArray<string>): ReadonlyArray<string> => readGetopt(grammar, words).map(show)

describe("readGetopt", () => {
  it.each<[ReadonlyArray<string>, ReadonlyArray<string>]>([
    [[], []],
    [["-a"], ["-a"]],
    [["-ab"], ["-a", "-b"]],
    [["-i", "eth0"], ["-i(eth0)"]],
    [["-ieth0"], ["-i(eth0)"]],
    [["-abieth0", "-b"], ["-a", "-b", "-i(eth0)", "-b"]],
    [["-ai", "eth0"], ["-a", "-i(eth0)"]],
    [["-i", "-a"], ["-i(-a)"]],
    [["-i"], ["-i"]],
    [["-i", ""], ["-i()"]],
    [["--name", "v"], ["--name(v)"]],
    [["--name", "-a"], ["--name(-a)"]],
    [["--name=v=w"], ["--name(v=w)"]],
    [["--name="], ["--name()"]],
    [["--name"], ["--name"]],
    [["--other", "v", "-a"], ["--other(v)", "-a"]],
    [["--other", "-a"], ["--other", "-a"]],
    [["-ax-i", "eth0"], ["-a", "-x(-i)", "stray eth0"]],
    [["-x", "eth0"], ["-x(eth0)"]],
    [["-x", "-a"], ["-x", "-a"]],
    [["-", "--", "word", ""], ["stray -", "stray --", "stray word", "stray "]]
  ])("reads %j", (words, expected) => {
    assert.deepStrictEqual(read(words), [...expected])
  })

  it("names the word of a letter that stood in a cluster", () => {
    const within = readGetopt(grammar, ["-a", "-abi", "x"]).map((token) => token._tag === "Letter" && token.within)
    assert.deepStrictEqual(within, [undefined, "-abi", "-abi", "-abi"])
  })

  it("never loses a word: each is an option, the value of one, or stray", () => {
    const word = fc.constantFrom("-a", "-ab", "-i", "-ieth0", "--name", "--name=v", "--other", "v", "-", "--", "")
    fc.assert(fc.property(fc.array(word), (words) => {
      const tokens = readGetopt(grammar, words)
      const values = tokens.filter((token) => token._tag !== "Stray" && token.value !== undefined).length
      const clusters = words.filter((item) => item === "-ab").length
      assert.isAtLeast(tokens.length + values, words.length)
      assert.isAtMost(tokens.length, words.length + clusters)
    }))
  })
})
