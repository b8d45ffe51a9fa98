/**
 * Reads a regular expression in the syntax of RE2, which is Go's. It has no back references, look-ahead or look-behind,
 * so LineFilter can match it in linear time. The flags m, s and U and the names of groups are read and mean nothing
 * here: a line has no line feed, and the only question is whether it matches.
 */
import { Result } from "effect"
import { characterTest, escapePattern } from "./RegexCharacter.ts"

export type RegexTree =
  | { readonly _tag: "Character"; readonly test: RegExp }
  | { readonly _tag: "Assertion"; readonly at: Assertion }
  | { readonly _tag: "Sequence"; readonly parts: ReadonlyArray<RegexTree> }
  | { readonly _tag: "Choice"; readonly options: ReadonlyArray<RegexTree> }
  | { readonly _tag: "Repeat"; readonly part: RegexTree; readonly least: number; readonly most: number }

export type Assertion = "Start" | "End" | "Boundary" | "NoBoundary"

const assertions = new Map<string, Assertion>([
  ["^", "Start"],
  ["\\A", "Start"],
  ["$", "End"],
  ["\\z", "End"],
  ["\\b", "Boundary"],
  ["\\B", "NoBoundary"]
])

const token = new RegExp(
  String.raw`\\Q[^]*?(?:\\E|$)|${escapePattern}|\[\^?\]?(?:\[:\^?\w+:\]|${escapePattern}|[^\]\\])*\]` +
    String.raw`|\(\?P?<\w+>|\(\?[imsU]*(?:-[imsU]+)?[:)]|\(\?|[*+?]\??|\{\d+(?:,\d*)?\}\??|[^]`,
  "gu"
)

/** As many as RE2 allows. */
const mostRepeats = 1000

/** A group that is still open. */
interface Group {
  readonly options: Array<RegexTree>
  parts: Array<RegexTree>
  isCaseless: boolean
}

/** Fails with what is wrong. */
export const readRegex = (pattern: string): Result.Result<RegexTree, string> => {
  const groups: Array<Group> = []
  let group: Group = { options: [], parts: [], isCaseless: false }
  let isRepeated = false
  for (const [text] of pattern.matchAll(token)) {
    const wasRepeated = isRepeated
    isRepeated = /^(?:[*+?]|\{\d)/.test(text)
    if (text === "(?") return Result.fail("look-ahead and look-behind are not part of its syntax")
    if (text.startsWith("(?") && text.endsWith(")")) group.isCaseless = caseless(text, group.isCaseless)
    else if (text.startsWith("(")) {
      groups.push(group)
      group = { options: [], parts: [], isCaseless: caseless(text, group.isCaseless) }
    } else if (text === ")") {
      const outer = groups.pop()
      if (outer === undefined) return Result.fail("a closing bracket has no opening one")
      outer.parts.push(closed(group))
      group = outer
    } else if (text === "|") {
      group.options.push({ _tag: "Sequence", parts: group.parts })
      group.parts = []
    } else {
      const last = isRepeated ? group.parts.pop() : undefined
      if (isRepeated && (last === undefined || wasRepeated)) return Result.fail(`nothing for ${text} to repeat`)
      const parts = last === undefined
        ? readAtom(text, group.isCaseless)
        : Result.map(repeat(last, text), (one) => [one])
      if (Result.isFailure(parts)) return Result.fail(parts.failure)
      group.parts.push(...parts.success)
    }
  }
  return groups.length === 0 ? Result.succeed(closed(group)) : Result.fail("a closing bracket is missing")
}

const closed = ({ options, parts }: Group): RegexTree => ({
  _tag: "Choice",
  options: [...options, { _tag: "Sequence", parts }]
})

/** `(?i)` and `(?i:` begin, `(?-i)` and `(?-i:` end to ignore case. */
const caseless = (text: string, before: boolean): boolean => {
  const [, on = "", off = ""] = /^\(\?([imsU]*)(?:-([imsU]+))?[:)]$/.exec(text) ?? []
  return off.includes("i") ? false : before || on.includes("i")
}

const repeat = (part: RegexTree, text: string): Result.Result<RegexTree, string> => {
  const [, count, comma, limit = ""] = /^\{(\d+)(,?)(\d*)\}/.exec(text) ?? []
  if (count === undefined) {
    const [least, most] = text.startsWith("?") ? [0, 1] : [text.startsWith("+") ? 1 : 0, Infinity]
    return Result.succeed({ _tag: "Repeat", part, least, most })
  }
  const least = Number(count)
  const most = comma === "" ? least : limit === "" ? Infinity : Number(limit)
  const isValid = least <= most && least <= mostRepeats && (most <= mostRepeats || most === Infinity)
  return isValid
    ? Result.succeed({ _tag: "Repeat", part, least, most })
    : Result.fail(`${text} is not a count of at most ${mostRepeats}`)
}

/** One part of a sequence, or the characters of `\Q…\E`. */
const readAtom = (text: string, isCaseless: boolean): Result.Result<ReadonlyArray<RegexTree>, string> => {
  const at = assertions.get(text)
  if (at !== undefined) return Result.succeed([{ _tag: "Assertion", at }])
  const atoms = text.startsWith("\\Q") ? Array.from(text.slice(2).replace(/\\E$/, ""), quoted) : [text]
  return Result.map(
    Result.all(atoms.map((atom) => characterTest(atom, isCaseless))),
    (tests) => tests.map((test) => ({ _tag: "Character", test }))
  )
}

/** As a class, in which nothing but these has a meaning. */
const quoted = (character: string): string => `[${/[\\\]^-]/.test(character) ? "\\" : ""}${character}]`
