/**
 * `stdoutFilter`: a user's regular expression that is tested on lines of a process, on the event loop. It is matched by
 * a non-deterministic automaton (Thompson 1968), whose cost is the length of the line times that of the expression,
 * whatever the two contain.
 */
import { Result } from "effect"
import { type Assertion, readRegex, type RegexTree } from "./RegexTree.ts"

/** True for a line that the user does not want to see. */
export type LineFilter = (line: string) => boolean

const longestPattern = 1000

/** Repetitions count as often as they may occur at most. */
const mostSteps = 300
/** A repeated part that matches only the empty text adds no steps. It costs time all the same, to build it again. */
const mostParts = 20_000

/**
 * linuxptp's own lines have about 100 characters. A longer line never matches, because the pattern is not tested on all
 * of it.
 */
const longestLine = 200

/** A state of the automaton: what it needs to go on, and where it goes. */
type Step =
  | { readonly _tag: "Character"; readonly is: (code: number) => boolean; readonly next: number }
  | { readonly _tag: "Assertion"; readonly at: Assertion; readonly next: number }
  | { readonly _tag: "Split"; readonly next: Array<number> }
  | { readonly _tag: "Match" }

/** The filter for a pattern; fails with what is wrong with it. */
export const lineFilter = (pattern: string): Result.Result<LineFilter, string> =>
  pattern.length > longestPattern
    ? Result.fail(`it has more than ${longestPattern} characters`)
    : readRegex(pattern).pipe(Result.flatMap(compile), Result.map(({ start, steps }) => runner(steps, start)))

interface Program {
  readonly steps: ReadonlyArray<Step>
  readonly start: number
}

/** Builds the steps from the end of the expression to its beginning, so that each one knows its successor. */
const compile = (tree: RegexTree): Result.Result<Program, string> => {
  const steps: Array<Step> = []
  const add = (step: Step): number => steps.push(step) - 1
  let parts = 0
  const isFull = () => steps.length > mostSteps || parts > mostParts
  const build = (part: RegexTree, next: number): number => {
    parts += 1
    if (isFull()) return next
    switch (part._tag) {
      case "Character":
        return add({ _tag: "Character", is: remembered(part.test), next })
      case "Assertion":
        return add({ ...part, next })
      case "Sequence":
        return part.parts.reduceRight((after, one) => build(one, after), next)
      case "Choice": {
        const options = part.options.map((option) => build(option, next))
        return options.length === 1 ? options[0] ?? next : add({ _tag: "Split", next: options })
      }
      case "Repeat": {
        const { least, most, part: one } = part
        let first = next
        if (most === Infinity) {
          const loop: Array<number> = [next]
          first = add({ _tag: "Split", next: loop })
          loop.push(build(one, first))
        } else {
          for (let times = least; times < most && !isFull(); times += 1) {
            first = add({ _tag: "Split", next: [next, build(one, first)] })
          }
        }
        for (let times = 0; times < least && !isFull(); times += 1) first = build(one, first)
        return first
      }
    }
  }
  const start = build(tree, add({ _tag: "Match" }))
  return isFull() ? Result.fail("with all its repetitions it is too large") : Result.succeed({ steps, start })
}

/** Remembers the answers for ASCII. */
const remembered = (test: RegExp) => {
  const known: Array<boolean | undefined> = []
  return (code: number): boolean => {
    if (code > 127) return test.test(String.fromCodePoint(code))
    return known[code] ??= test.test(String.fromCharCode(code))
  }
}

const isWord = (code: number | undefined): boolean => code !== undefined && /^\w$/.test(String.fromCodePoint(code))

const holds = (at: Assertion, before: number | undefined, after: number | undefined): boolean => {
  switch (at) {
    case "Start":
      return before === undefined
    case "End":
      return after === undefined
    case "Boundary":
      return isWord(before) !== isWord(after)
    case "NoBoundary":
      return isWord(before) === isWord(after)
  }
}

/** Goes through the line once, with the set of all steps that the expression may have reached. */
const runner = (steps: ReadonlyArray<Step>, start: number): LineFilter => {
  /** At which position of which line a step was reached last. */
  const reachedAt = new Float64Array(steps.length)
  let position = 0
  return (line) => {
    if (line.length > longestLine) return false
    const codes = Array.from(line, (character) => character.codePointAt(0) ?? 0)
    let waiting: Array<number> = []
    for (let index = 0; index <= codes.length; index += 1) {
      position += 1
      const code = codes[index]
      const reached: Array<number> = []
      // A match may begin anywhere.
      waiting.push(start)
      for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
        if (reachedAt[at] === position) continue
        reachedAt[at] = position
        const step = steps[at]
        if (step === undefined) continue
        if (step._tag === "Match") return true
        if (step._tag === "Split") waiting.push(...step.next)
        else if (step._tag === "Assertion") {
          if (holds(step.at, codes[index - 1], code)) waiting.push(step.next)
        } else if (code !== undefined && step.is(code)) reached.push(step.next)
      }
      waiting = reached
    }
    return false
  }
}
