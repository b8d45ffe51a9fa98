/**
 * The three states of a clock over time. LOCKED while it is measured and near; HOLDOVER for a while after its
 * measurements are gone; FREERUN otherwise, and at once when it is known to be wrong. A pure step function. It uses
 * monotonic nanoseconds, because the wall clock is the very clock that linuxptp steps.
 */
import type { ClockVerdict } from "./ClockVerdict.ts"
import type { Measurement } from "./Measurement.ts"
import type { ClockReason, ClockStateName, FreerunReason } from "./NodeClock.ts"

/** The state of one clock, and what the next step needs to know of the steps before. */
export interface HeldClock {
  readonly state: ClockStateName
  readonly reason: ClockReason
  /** The monotonic nanosecond at which HOLDOVER ends; undefined where a program's own words begin and end it. */
  readonly heldUntil: bigint | undefined
  /** Since when it is not LOCKED: since it was lost, or was judged first. Undefined while it is LOCKED. */
  readonly lostAt: bigint | undefined
  /** True from the first lock on. */
  readonly wasLocked: boolean
  /** The measurement that was counted last. */
  readonly counted: Measurement | undefined
  /** Measurements in a row that contradict the state: outside of the thresholds while LOCKED, else inside. */
  readonly contrary: number
  /** True when a lock was lost because the clock was wrong. One good measurement does not make it LOCKED again. */
  readonly isDistrusted: boolean
  /** Since when an offset is only slewed that would have to be stepped. */
  readonly slewedSince: bigint | undefined
  /** True when that takes so long that somebody should help. */
  readonly isTooFar: boolean
}

/** A clock of which nothing is known. */
export const unheldClock: HeldClock = {
  state: "FREERUN",
  reason: "NoProcess",
  heldUntil: undefined,
  lostAt: undefined,
  wasLocked: false,
  counted: undefined,
  contrary: 0,
  isDistrusted: false,
  slewedSince: undefined,
  isTooFar: false
}

/** This many measurements in a row change the state. A single one over the bound is no event. */
const enough = 3

/**
 * The next state. Only a clock that was LOCKED gets a holdover, once, for `holdOverSeconds`. Returns the same object if
 * nothing changes.
 */
export const nextHeldClock = (
  previous: HeldClock,
  verdict: ClockVerdict,
  holdOverSeconds: number,
  now: bigint
): HeldClock => {
  const after = heldAfter(previous, verdict, holdOverSeconds, now)
  const isLocked = after.state === "LOCKED"
  const slewedSince = slewedAfter(previous, verdict, now)
  const next = {
    ...after,
    lostAt: isLocked ? undefined : previous.lostAt ?? now,
    wasLocked: isLocked || previous.wasLocked,
    slewedSince,
    isTooFar: slewedSince !== undefined && now - slewedSince >= slewingPatience
  }
  return isSame(previous, next) ? previous : next
}

/** A servo that has just begun may be about to step. */
const slewingPatience = 10_000_000_000n

const slewedAfter = (previous: HeldClock, verdict: ClockVerdict, now: bigint): bigint | undefined => {
  if (verdict.kind !== "Measured" || !verdict.isOnlySlewed) return undefined
  return previous.slewedSince ?? (verdict.isSettled ? now : undefined)
}

const isSame = (a: HeldClock, b: HeldClock): boolean =>
  a.state === b.state && a.reason === b.reason && a.heldUntil === b.heldUntil && a.lostAt === b.lostAt &&
  a.counted === b.counted && a.contrary === b.contrary && a.isDistrusted === b.isDistrusted &&
  a.slewedSince === b.slewedSince && a.isTooFar === b.isTooFar

const heldAfter = (
  previous: HeldClock,
  verdict: ClockVerdict,
  holdOverSeconds: number,
  now: bigint
): HeldClock => {
  switch (verdict.kind) {
    case "Gone":
      return gone(previous, verdict.reason, holdOverSeconds, now)
    case "HeldOver":
      return { ...unheldClock, state: "HOLDOVER", reason: "Holdover" }
    case "Free":
      return { ...unheldClock, reason: verdict.reason, isDistrusted: verdict.isDistrusted }
    case "Measured":
      if (verdict.distance !== "Inside") return astray(previous, verdict)
      return verdict.isSettled
        ? near(previous, verdict.measurement)
        : gone(previous, "Unlocked", holdOverSeconds, now)
  }
}

type MeasuredVerdict = Extract<ClockVerdict, { readonly kind: "Measured" }>

/** What follows is a new beginning: the servo has to settle first, so then one good measurement is enough again. */
const gone = (previous: HeldClock, reason: FreerunReason, holdOverSeconds: number, now: bigint): HeldClock => {
  const heldUntil = previous.state === "LOCKED" ? now + BigInt(Math.round(holdOverSeconds * 1e9)) : previous.heldUntil
  return heldUntil !== undefined && now < heldUntil
    ? { ...unheldClock, state: "HOLDOVER", reason: "Holdover", heldUntil }
    : { ...unheldClock, reason }
}

/** Counts `measurement`, unless it was counted before. */
const counting = ({ contrary, counted }: HeldClock, measurement: Measurement): number =>
  contrary + (measurement.sample === counted?.sample ? 0 : 1)

/** The state after a measurement inside of the thresholds. */
const near = (previous: HeldClock, counted: Measurement): HeldClock => {
  const contrary = counting(previous, counted)
  return previous.isDistrusted && contrary < enough
    ? { ...previous, counted, contrary }
    : { ...unheldClock, state: "LOCKED", reason: "Locked", counted }
}

/** The state after a measurement outside of the thresholds. HOLDOVER never stands for an offset that is known. */
const astray = (previous: HeldClock, { distance, isSettled, measurement }: MeasuredVerdict): HeldClock => {
  const isLocked = previous.state === "LOCKED"
  const contrary = counting(previous, measurement)
  if (isLocked && isSettled && distance !== "Far" && contrary < enough) {
    return { ...previous, counted: measurement, contrary }
  }
  return {
    ...unheldClock,
    reason: "OffsetOutOfBounds",
    counted: measurement,
    isDistrusted: isLocked || previous.isDistrusted
  }
}
