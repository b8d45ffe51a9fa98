/**
 * Reads `stdoutFilter`, a user's regular expression that is tested on every line of a process, on the event loop. A
 * pattern could block the loop for long, so it is only accepted if the number of ways in which it can match a line is
 * small. Planning warns of other patterns; LogReduction applies the accepted ones.
 */

/** True for a line that the user does not want to see. */
export type LineFilter = (line: string) => boolean

/** The requirement for a pattern. It completes the sentence "must be …". */
export const lineFilterExpected =
  "a regular expression of at most 1000 characters with few ways to match: no back reference, look-ahead or " +
  "look-behind, nothing repeated inside of a repeated group, at most three of * and +"

const longestPattern = 1000

/**
 * linuxptp's own lines have about 100 characters. A longer line never matches, because the pattern is not tested on all
 * of it.
 */
const longestLine = 160

/**
 * The largest number of ways from one start in a line: 16 optional parts, or three repetitions and two alternatives.
 */
const mostWays = 2 ** 16

/**
 * An unlimited repetition counts as this many ways: three of them on the worst line cost as much as 15 to 18 optional
 * parts.
 */
const waysOfRepetition = 32

/** The filter for a pattern; undefined if it is not a valid pattern or could take long. */
export const lineFilter = (pattern: string): LineFilter | undefined => {
  if (pattern.length > longestPattern) return undefined
  const expression = compile(pattern)
  if (expression === undefined || waysToMatch(pattern) > mostWays) return undefined
  return (line) => line.length <= longestLine && expression.test(line)
}

/** JavaScript has no other check for a pattern than its constructor, which throws. */
const compile = (pattern: string): RegExp | undefined => {
  try {
    return new RegExp(pattern)
  } catch {
    return undefined
  }
}

/** The parts of a pattern: escapes, classes, opening brackets, `)`, `|`, repetitions, and any other character. */
const parts = /\\[^]|\[(?:\\[^]|[^\]\\])*\]|\(\?<?[=!]|\(\?<[^>]*>|\(\?[a-z-]*:|[()|]|[*+?]\??|\{\d+(?:,\d*)?\}\??|[^]/g

/** A group that is still open: its finished alternatives, the current one without its last part, and that last part. */
interface Group {
  over: number
  before: number
  last: number
  /** True if its length may vary; then the group must not be repeated. */
  varies: boolean
  /** The same for the part that was read last. */
  lastVaries: boolean
}

const open = (): Group => ({ over: 0, before: 1, last: 1, varies: false, lastVaries: false })

/**
 * An upper bound for the ways in which a backtracking engine can try a valid pattern from one start. Alternatives are
 * added, and parts that follow each other are multiplied. The result is Infinity for a repeated group that can match
 * one text in several ways, and for what V8's linear engine cannot run: back references, lookahead and lookbehind.
 */
const waysToMatch = (pattern: string): number => {
  const groups = [open()]
  for (const [part] of pattern.matchAll(parts)) {
    const group = groups.at(-1)
    if (group === undefined || /^(?:\\[1-9k]|\(\?<?[=!])/.test(part)) return Infinity
    if (part.startsWith("(")) groups.push(open())
    else if (part === ")") {
      groups.pop()
      const outer = groups.at(-1)
      if (outer !== undefined) append(outer, group.over + group.before * group.last, group.varies)
    } else if (part === "|") {
      Object.assign(group, { over: group.over + group.before * group.last, before: 1, last: 1, varies: true })
    } else if (/^(?:[*+?]|\{\d)/.test(part)) {
      if (!repeat(group, part)) return Infinity
    } else append(group, 1, false)
  }
  return groups.reduce((ways, group) => ways * (group.over + group.before * group.last), 1)
}

const append = (group: Group, ways: number, varies: boolean): void => {
  group.before *= group.last
  group.last = ways
  group.lastVaries = varies
  group.varies ||= varies
}

/** False if the part that was read last must not be repeated. */
const repeat = (group: Group, repetition: string): boolean => {
  const [, least = "", comma, most] = /^\{(\d+)(,)?(\d*)\}/.exec(repetition) ?? []
  const isOptional = repetition.startsWith("?")
  if (group.lastVaries && !isOptional) return false
  group.varies = true
  group.lastVaries = true
  if (isOptional) group.last += 1
  else if (least === "" || (comma !== undefined && most === "")) group.last *= waysOfRepetition
  else if (comma !== undefined) group.last *= Math.max(1, Number(most) - Number(least) + 1)
  return true
}
