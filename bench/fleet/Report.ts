/** What the fleet benchmark prints: lines of numbers, and bounds that hold or are broken. */
import { Console, Effect } from "effect"
import { spread } from "../MachineFacts.ts"

export interface Report {
  readonly title: (text: string) => Effect.Effect<void>
  readonly say: (text: string) => Effect.Effect<void>
  /** `value` must be at most `limit`. */
  readonly bound: (what: string, value: number, limit: number, unit?: string) => Effect.Effect<void>
  /** The same for a time. A quick run only tells it: it runs where other programs do, and its samples are few. */
  readonly speed: (what: string, value: number, limit: number, unit: string) => Effect.Effect<void>
  /** How many bounds did not hold. */
  readonly broken: () => number
}

export const makeReport = ({ judgesSpeed }: { readonly judgesSpeed: boolean }): Report => {
  let broken = 0
  const judge = (what: string, value: number, limit: number, unit: string, counts: boolean) =>
    Effect.suspend(() => {
      // NaN holds no bound.
      const holds = value <= limit
      if (!holds && counts) broken += 1
      const verdict = holds ? "ok    " : counts ? "BROKEN" : "slow  "
      return Console.log(`  ${verdict} ${what}: ${amount(value)}${unit} (at most ${limit}${unit})`)
    })
  return {
    title: (text) => Console.log(`\n${text}`),
    say: (text) => Console.log(`  ${text}`),
    bound: (what, value, limit, unit = "") => judge(what, value, limit, unit, true),
    speed: (what, value, limit, unit) => judge(what, value, limit, unit, judgesSpeed),
    broken: () => broken
  }
}

const amount = (value: number): string => Number.isInteger(value) ? String(value) : value.toFixed(1)

export const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

export const kibibytes = (bytes: number): string => `${(bytes / 2 ** 10).toFixed(1)} KiB`

/** `create nodeptpdevs 5000, list nodes 5000`. */
export const verbs = (byVerb: Readonly<Record<string, number>>): string =>
  Object.entries(byVerb).toSorted(([a], [b]) => a < b ? -1 : 1).map(([verb, count]) => `${verb} ${count}`).join(", ") ||
  "none"

/** Counts a second, without the zeros at the end. */
export const histogram = (perSecond: ReadonlyArray<number>): string =>
  perSecond.slice(0, perSecond.findLastIndex((requests) => requests > 0) + 1).join(" ")

/** Of samples that may be missing altogether. */
export const spreadOf = (samples: ReadonlyArray<number>): string => samples.length === 0 ? "none" : spread(samples)

export const largest = (values: ReadonlyArray<number>): number => values.reduce((a, b) => Math.max(a, b), 0)

export const sum = (values: ReadonlyArray<number>): number => values.reduce((a, b) => a + b, 0)
