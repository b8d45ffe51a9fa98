/**
 * The newest measurement of one clock, from an offset line or from a summary line of linuxptp, and whether it lies
 * within a profile's thresholds. The clock observer judges by it and the metrics show it.
 */
import type { OffsetEvent, SummaryEvent } from "../linuxptp/LogEvent.ts"
import { isServoLocked, type ServoState } from "../linuxptp/ServoState.ts"
import type { ClockThreshold } from "../profiles/Decision.ts"

/** What the clock is compared with, as the label `from` has it. */
export type OffsetSource = "master" | "phc" | "sys" | "pps"

/** One clock against its source. */
export interface Measurement {
  readonly from: OffsetSource
  /** The mean square of an interval in a summary, and then without a sign. */
  readonly offsetNs: number
  /** The offset itself, or the largest of a summary's interval. */
  readonly maxOffsetNs: number
  readonly frequencyPpb: number
  /** 0 where linuxptp prints none. */
  readonly delayNs: number
  /** Undefined in summaries, which do not tell it. */
  readonly servo: ServoState | undefined
  /** ts2phc runs on without its reference. */
  readonly isHoldover: boolean
  /** Monotonic nanoseconds. */
  readonly measuredAt: bigint
  /** Nanoseconds since the measurement before; undefined for the first. */
  readonly interval: bigint | undefined
}

/** What the Go daemon shows for a port that was following and is FAULTY; alerts are built on it. */
const faultyOffsetNs = 999_999

/** Stands for the measurement that a FAULTY port can't make. */
export const faultyMeasurement = (from: OffsetSource): Measurement => ({
  from,
  offsetNs: faultyOffsetNs,
  maxOffsetNs: faultyOffsetNs,
  frequencyPpb: 0,
  delayNs: 0,
  servo: "s0",
  isHoldover: false,
  measuredAt: 0n,
  interval: undefined
})

/** The measurement of an offset line or a summary line at `now`; `before` is the one before of the same clock. */
export const measurementOf = (
  event: OffsetEvent | SummaryEvent,
  from: OffsetSource,
  now: bigint,
  before: Measurement | undefined
): Measurement => ({
  from,
  frequencyPpb: event.frequencyPpb,
  delayNs: event.delayNs ?? 0,
  measuredAt: now,
  interval: before === undefined || before.measuredAt === 0n ? undefined : now - before.measuredAt,
  ...(event.kind === "offset"
    ? {
      offsetNs: event.offsetNs,
      maxOffsetNs: event.offsetNs,
      servo: event.servoState,
      isHoldover: event.holdover === true
    }
    : { offsetNs: event.rmsNs, maxOffsetNs: event.maxNs, servo: undefined, isHoldover: false })
})

/** Missed measurements until the clock is no longer known. */
const missedIntervals = 3n
/** Some may be lost at any rate: network and scheduler are not perfect. */
const shortestPatience = 10_000_000_000n
/** After the first one the interval is not known yet; summaries each 2^6 s are in use, longer ones hardly. */
const firstPatience = 150_000_000_000n

/**
 * False when measurements have stopped: a ptp4l that hears announcements but no Sync stays SLAVE without a word, as
 * does a program that hangs.
 */
export const isFresh = ({ interval, measuredAt }: Measurement, now: bigint): boolean => {
  const patience = interval === undefined ? firstPatience : interval * missedIntervals
  return now - measuredAt <= (patience > shortestPatience ? patience : shortestPatience)
}

/** True when the servo has settled; a summary does not tell, and is printed only while a master is followed. */
export const isSettled = ({ isHoldover, servo }: Measurement): boolean =>
  !isHoldover && (servo === undefined || isServoLocked(servo))

/** True when the offset lies between the thresholds, both included. A summary has lost its sign: either may be meant. */
export const isWithin = ({ offsetNs, servo }: Measurement, { maxOffsetNs, minOffsetNs }: ClockThreshold): boolean => {
  const lies = (offset: number) => offset >= minOffsetNs && offset <= maxOffsetNs
  return lies(offsetNs) || (servo === undefined && lies(-offsetNs))
}
