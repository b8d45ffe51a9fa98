/**
 * The order in which a decision is told. Kubernetes lists objects in any order; equal facts must give equal answers.
 */
import type { Problem, SkippedProfile } from "./Decision.ts"

/** Compares by code units: the same on every machine, whatever its locale. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** By object, field, then text; errors before warnings of the same field. Equal rows become one. */
export const sortProblems = (problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> => {
  const rows = new Map(problems.map((problem) => [JSON.stringify(problem), problem]))
  return [...rows.values()].sort((a, b) =>
    byText(a.config, b.config) || naturally(a.path, b.path) || byText(a.severity, b.severity) ||
    byText(a.message, b.message)
  )
}

/** By object, then profile, reason and text. */
export const sortSkipped = (skipped: ReadonlyArray<SkippedProfile>): ReadonlyArray<SkippedProfile> =>
  skipped.toSorted((a, b) =>
    byText(a.config, b.config) || byText(a.name, b.name) || byText(a.reason, b.reason) || byText(a.message, b.message)
  )

/** `[2]` before `[10]`: numbers are compared by length first once their texts part. */
const naturally = (a: string, b: string): number => byText(padNumbers(a), padNumbers(b))

const padNumbers = (text: string): string => text.replace(/\d+/g, (digits) => digits.padStart(6, "0"))
