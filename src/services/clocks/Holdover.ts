/**
 * The three states of a clock over time: LOCKED while its evidence says so, then HOLDOVER for a while, then FREERUN. A
 * pure step function. It uses monotonic nanoseconds, because the wall clock is the very clock that linuxptp steps.
 */
import type { ClockVerdict } from "./ClockVerdict.ts"
import type { ClockReason, ClockStateName } from "./NodeClock.ts"

/** A state and, in HOLDOVER, the monotonic nanosecond at which it ends. */
export interface HeldClock {
  readonly state: ClockStateName
  readonly reason: ClockReason
  readonly heldUntil: bigint | undefined
}

/** The next state. Only a clock that was LOCKED gets a holdover, once, for `holdOverSeconds`. */
export const nextHeldClock = (
  previous: HeldClock | undefined,
  verdict: ClockVerdict,
  holdOverSeconds: number,
  now: bigint
): HeldClock => {
  if (verdict === "Locked") return locked
  const heldUntil = previous?.state === "LOCKED" ? now + BigInt(Math.round(holdOverSeconds * 1e9)) : previous?.heldUntil
  return heldUntil !== undefined && now < heldUntil
    ? { state: "HOLDOVER", reason: "Holdover", heldUntil }
    : { state: "FREERUN", reason: verdict, heldUntil: undefined }
}

const locked: HeldClock = { state: "LOCKED", reason: "Locked", heldUntil: undefined }
