/**
 * Judges from a series of looks at a running process whether it hangs. Pure. What counts as evidence differs between
 * programs: one that sleeps until a packet comes may do so for hours, another wakes up every second whatever happens.
 */
import { Duration } from "effect"
import type { Vitals } from "./ProcessRunner.ts"

/** The time between two looks. Two of them are within the 7 s after which a stopped program must not look well. */
export const lookPeriod = Duration.seconds(3)
/** A process that has hung for this long is killed. */
const hungAfter = Duration.seconds(30)
/** A process counts as stalled at the latest this long after its last sign of life. */
const stalledWithin = Duration.seconds(7)
/** A program that wakes up by itself may miss this many of its pauses. */
const missedPauses = 3

/** What is known about the process at one moment. */
export interface Look {
  /** Monotonic. */
  readonly now: bigint
  readonly vitals: Vitals
  /** Since when it owes an answer on its own, existing socket; undefined if it owes none. */
  readonly unansweredSince: bigint | undefined
}

/** What the looks so far have shown. */
export interface Vitality {
  readonly switches: number
  readonly lookedAt: bigint
  /** The first look with this number of context switches. */
  readonly stillSince: bigint
  /** The first of the latest looks at which it was stopped or held by the kernel each time. */
  readonly heldSince: bigint | undefined
  /** It shows no sign of life. */
  readonly isStalled: boolean
  /** It has shown none for so long that it is to be killed. */
  readonly isHung: boolean
}

/** proc_pid_stat(5): stopped, stopped by a debugger, and a sleep that nothing but the kernel can end. */
const isHeld = ({ state }: Vitals): boolean => state === "T" || state === "t" || state === "D"

/**
 * `longestPause` is the time after which the program wakes up whatever happens. Undefined: it may sleep for ever, and
 * context switches that stand still say nothing alone.
 */
export const observe = (
  before: Vitality | undefined,
  { now, unansweredSince, vitals }: Look,
  longestPause: Duration.Duration | undefined
): Vitality => {
  const { switches } = vitals
  const isStill = before !== undefined && before.switches === switches
  // The observer itself was stopped, or had no time. Whether the process lived meanwhile is unknown.
  const isLate = before !== undefined && now - before.lookedAt > 2n * Duration.toNanosUnsafe(lookPeriod)
  if (!isStill || isLate) {
    const isStalled = isStill && before.isStalled
    return { switches, lookedAt: now, stillSince: now, heldSince: sinceWhen(vitals, now), isStalled, isHung: false }
  }
  const heldSince = sinceWhen(vitals, before.heldSince ?? now)
  const { stillSince } = before
  const silentSince = unansweredSince === undefined ? undefined : later(stillSince, unansweredSince)
  const lasts = (since: bigint | undefined, long: bigint) => since !== undefined && now - since >= long
  const evidences = [heldSince, silentSince]
  const pause = longestPause === undefined ? undefined : Duration.toNanosUnsafe(longestPause) * BigInt(missedPauses)
  return {
    switches,
    lookedAt: now,
    stillSince,
    heldSince,
    isStalled: evidences.some((since) => lasts(since, Duration.toNanosUnsafe(lookPeriod))) ||
      (pause !== undefined && lasts(stillSince, stallOf(pause))),
    isHung: evidences.some((since) => lasts(since, Duration.toNanosUnsafe(hungAfter))) ||
      (pause !== undefined && lasts(stillSince, later(pause, Duration.toNanosUnsafe(hungAfter))))
  }
}

const later = (a: bigint, b: bigint): bigint => a > b ? a : b

const sinceWhen = (vitals: Vitals, since: bigint): bigint | undefined => isHeld(vitals) ? since : undefined

/**
 * How long it stands still before it counts as stalled. Its last sign of life may be a whole period older than the look
 * that noticed it, and the next look would be a period too late.
 */
const stallOf = (pause: bigint): bigint => {
  const period = Duration.toNanosUnsafe(lookPeriod)
  return later(period, later(pause, Duration.toNanosUnsafe(stalledWithin)) - 2n * period)
}
