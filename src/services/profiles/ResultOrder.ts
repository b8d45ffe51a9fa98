/** The order of a decision's rows. Kubernetes lists objects in any order, but equal facts must give equal decisions. */
import type { Problem, SkippedProfile } from "./Decision.ts"

/** Compares by code units, which is the same on every machine, whatever its locale. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The most problems that a decision lists. If a cluster has more mistakes, most of them have the same cause. */
const mostProblems = 500

/**
 * Sorts by object, field and text, with errors before warnings of the same field. Equal rows become one. At most 500
 * are kept.
 */
export const sortProblems = (problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> => {
  const rows = [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()].sort(inOrder)
  if (rows.length <= mostProblems) return rows
  // If rows are cut off, errors are kept rather than warnings.
  const told = rows.toSorted((a, b) => byText(a.severity, b.severity)).slice(0, mostProblems)
  const message = `${rows.length - mostProblems} more problems are not listed`
  return [...told.sort(inOrder), { severity: "warning", config: "", path: "", message }]
}

const inOrder = (a: Problem, b: Problem): number =>
  byText(a.config, b.config) || naturally(a.path, b.path) || byText(a.severity, b.severity) ||
  byText(a.message, b.message)

/** Sorts by object, then profile, reason and text. */
export const sortSkipped = (skipped: ReadonlyArray<SkippedProfile>): ReadonlyArray<SkippedProfile> =>
  skipped.toSorted((a, b) =>
    byText(a.config, b.config) || byText(a.name, b.name) || byText(a.reason, b.reason) || byText(a.message, b.message)
  )

/** `[2]` comes before `[10]`: where the texts differ, a shorter number is smaller. */
const naturally = (a: string, b: string): number => byText(padNumbers(a), padNumbers(b))

const padNumbers = (text: string): string => text.replace(/\d+/g, (digits) => digits.padStart(6, "0"))
