/**
 * `stdoutFilter`: a user's regular expression that is tested on every line of a child, on the event loop. A pattern is
 * taken only if the ways to match a line are few enough to try them all; planning warns of the others, LogReduction
 * applies what is taken. Lines themselves are not known here.
 */

/** Whether a line is one that the user does not want to see. */
export type LineFilter = (line: string) => boolean

/** What a pattern must be; completes the sentence "must be …". */
export const lineFilterExpected =
  "a regular expression of at most 1000 characters with few ways to match: no back reference, look-ahead or " +
  "look-behind, nothing repeated inside of a repeated group, at most three of * and +"

const longestPattern = 1000

/** linuxptp's own lines have about 100 characters; a longer one is no match, since its end would not be tested. */
const longestLine = 160

/** Ways from one start in a line: 16 optional parts, or three repetitions and two alternatives. */
const mostWays = 2 ** 16

/** What a repetition without an end counts: three on the worst line cost as much as 15 to 18 optional parts. */
const waysOfRepetition = 32

/** The filter of a pattern; undefined when it is none, or one that could take long. */
export const lineFilter = (pattern: string): LineFilter | undefined => {
  if (pattern.length > longestPattern) return undefined
  const expression = compile(pattern)
  if (expression === undefined || waysToMatch(pattern) > mostWays) return undefined
  return (line) => line.length <= longestLine && expression.test(line)
}

/** The constructor is the only judge of a pattern that the language has. */
const compile = (pattern: string): RegExp | undefined => {
  try {
    return new RegExp(pattern)
  } catch {
    return undefined
  }
}

/** A pattern's parts: escapes, classes, openings, `)`, `|`, repetitions, and any other character. */
const parts = /\\[^]|\[(?:\\[^]|[^\]\\])*\]|\(\?<?[=!]|\(\?<[^>]*>|\(\?[a-z-]*:|[()|]|[*+?]\??|\{\d+(?:,\d*)?\}\??|[^]/g

/** An open group: alternatives that are over, the one being read without its last part, and that part. */
interface Group {
  over: number
  before: number
  last: number
  /** Whether its length may vary, and then it may not be repeated. */
  varies: boolean
  /** Whether the part read last does so. */
  lastVaries: boolean
}

const open = (): Group => ({ over: 0, before: 1, last: 1, varies: false, lastVaries: false })

/**
 * An upper bound for the ways in which a backtracking engine can try a valid pattern from one start: alternatives add
 * up, what follows each other multiplies. Infinity for a repeated group that can match one text in several ways, and
 * for what V8's linear engine could not take over: back references, looking ahead or behind.
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

/** False when the part read last must not be repeated. */
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
