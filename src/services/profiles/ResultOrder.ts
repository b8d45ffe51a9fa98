/**
 * The order in which a decision is told. Kubernetes lists objects in any order; equal facts must give equal answers.
 */
import type { Problem, SkippedProfile } from "./Decision.ts"

/** Compares by code units: the same on every machine, whatever its locale. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Rows that a decision tells; a cluster with more mistakes has one cause for most of them. */
const mostProblems = 500

/** By object, field, then text; errors before warnings of the same field. Equal rows become one; at most 500. */
export const sortProblems = (problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> => {
  const rows = [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()].sort(inOrder)
  if (rows.length <= mostProblems) return rows
  // No error may hide behind warnings.
  const told = rows.toSorted((a, b) => byText(a.severity, b.severity)).slice(0, mostProblems)
  const message = `${rows.length - mostProblems} more problems are not listed`
  return [...told.sort(inOrder), { severity: "warning", config: "", path: "", message }]
}

const inOrder = (a: Problem, b: Problem): number =>
  byText(a.config, b.config) || naturally(a.path, b.path) || byText(a.severity, b.severity) ||
  byText(a.message, b.message)

/** By object, then profile, reason and text. */
export const sortSkipped = (skipped: ReadonlyArray<SkippedProfile>): ReadonlyArray<SkippedProfile> =>
  skipped.toSorted((a, b) =>
    byText(a.config, b.config) || byText(a.name, b.name) || byText(a.reason, b.reason) || byText(a.message, b.message)
  )

/** `[2]` before `[10]`: numbers are compared by length first once their texts part. */
const naturally = (a: string, b: string): number => byText(padNumbers(a), padNumbers(b))

const padNumbers = (text: string): string => text.replace(/\d+/g, (digits) => digits.padStart(6, "0"))
