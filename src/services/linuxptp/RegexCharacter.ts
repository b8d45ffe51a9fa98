/** The parts of a regular expression in RE2's syntax that match one character, as JavaScript's: `.`, `\d`, `[a-z]`. */
import { Result } from "effect"

/** An escape, in the syntax of JavaScript. */
export const escapePattern = String
  .raw`\\(?:[pP](?:\{\^?\w+\}|[A-Z])|x(?:\{[\da-fA-F]{1,6}\}|[\da-fA-F]{2})|0[0-7]{0,2}|[1-7][0-7]{2}|[^])`

const item = new RegExp(String.raw`\[:\^?\w+:\]|${escapePattern}|[^]`, "gu")

/** The classes of POSIX. */
const named = new Map([
  ["alnum", "0-9A-Za-z"],
  ["alpha", "A-Za-z"],
  ["ascii", "\\x00-\\x7f"],
  ["blank", "\\t "],
  ["cntrl", "\\x00-\\x1f\\x7f"],
  ["digit", "0-9"],
  ["graph", "!-~"],
  ["lower", "a-z"],
  ["print", " -~"],
  ["punct", "!-\\/:-@\\[-`\\{-~"],
  ["space", "\\t\\n\\v\\f\\r "],
  ["upper", "A-Z"],
  ["word", "0-9A-Za-z_"],
  ["xdigit", "0-9A-Fa-f"]
])

/** The expression that tests one character; fails with what is wrong. */
export const characterTest = (text: string, isCaseless: boolean): Result.Result<RegExp, string> => {
  const set = text === "." ? Result.succeed("[^\\n]") : text.startsWith("[") ? readClass(text) : readItem(text)
  return Result.flatMap(set, (source) => compile(`^${source}$`, isCaseless ? "iv" : "v", text))
}

/** JavaScript has no other check than its constructor, which throws. */
const compile = (source: string, flags: string, text: string): Result.Result<RegExp, string> =>
  Result.try({ try: () => new RegExp(source, flags), catch: () => `${text} is not valid` })

const readClass = (text: string): Result.Result<string, string> => {
  const [, negation = "", inner] = /^\[(\^?)([^]+)\]$/.exec(text) ?? []
  if (inner === undefined) return Result.fail("a closing ] is missing")
  const items = inner.match(item) ?? []
  let sets = ""
  for (let index = 0; index < items.length; index += 1) {
    const [first = "", dash, last] = items.slice(index, index + 3)
    const isRange = dash === "-" && last !== undefined
    const ends = Result.all([readItem(first), ...(isRange ? [readItem(last)] : [])])
    if (Result.isFailure(ends)) return Result.fail(ends.failure)
    const [low = "", high] = ends.success
    if (high !== undefined && low.startsWith("\\u") && high.startsWith("\\u")) index += 2
    sets += high !== undefined && low.startsWith("\\u") && high.startsWith("\\u") ? `${low}-${high}` : low
  }
  return Result.succeed(`[${negation}${sets}]`)
}

/** One item of a class, or one escape or character outside of one: `\u{…}` for a single character, else a set. */
const readItem = (text: string): Result.Result<string, string> => {
  const [, not, name = ""] = /^\[:(\^?)(\w+):\]$/.exec(text) ?? []
  if (not !== undefined) {
    const set = named.get(name)
    return set === undefined ? Result.fail(`${text} is not a class`) : Result.succeed(`[${not}${set}]`)
  }
  if (!text.startsWith("\\") || text === "\\") return Result.succeed(single(text.codePointAt(0) ?? 0))
  const [, negated, caret, category = ""] = /^\\([pP])\{?(\^?)(\w+)\}?$/.exec(text) ?? []
  if (negated !== undefined) {
    const property = /^[A-Z][a-z]?$/.test(category) ? category : `Script=${category}`
    return Result.succeed(`\\${(negated === "P") === (caret === "^") ? "p" : "P"}{${property}}`)
  }
  return readEscape(text.slice(1))
}

const controls = new Map([["a", 7], ["f", 12], ["n", 10], ["r", 13], ["t", 9], ["v", 11]])

const readEscape = (text: string): Result.Result<string, string> => {
  if (/^[dDwW]$/.test(text)) return Result.succeed(`\\${text}`)
  if (text === "s" || text === "S") return Result.succeed(`[${text === "S" ? "^" : ""}\\t\\n\\f\\r ]`)
  const control = controls.get(text)
  if (control !== undefined) return Result.succeed(single(control))
  const [hex] = /^x\{?([\da-fA-F]+)\}?$/.exec(text)?.slice(1) ?? []
  if (hex !== undefined) return Result.succeed(single(Number.parseInt(hex, 16)))
  if (/^(?:0[0-7]{0,2}|[1-7][0-7]{2})$/.test(text)) return Result.succeed(single(Number.parseInt(text, 8)))
  if (/^[1-9]|^k$/.test(text)) return Result.fail("back references are not part of its syntax")
  return /^[!-/:-@[-`{-~]$/.test(text)
    ? Result.succeed(single(text.charCodeAt(0)))
    : Result.fail(`\\${text} is not an escape`)
}

const single = (code: number): string => `\\u{${code.toString(16)}}`
