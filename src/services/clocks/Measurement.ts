/**
 * The newest measurement of one clock, taken from an offset line or a summary line of linuxptp, and whether it is
 * within a profile's thresholds. The clock's state and the metrics use it.
 */
import type { OffsetEvent, SummaryEvent } from "../linuxptp/LogEvent.ts"
import { isServoLocked, type ServoState } from "../linuxptp/ServoState.ts"
import type { ClockThreshold } from "../profiles/Decision.ts"

/** What the clock is compared with; the value of the label `from`. */
export type OffsetSource = "master" | "phc" | "sys" | "pps"

/** The measurement of one clock against its source. */
export interface Measurement {
  readonly from: OffsetSource
  /** In a summary: the root mean square of its interval, which has no sign. */
  readonly offsetNs: number
  /** The offset itself; in a summary the largest offset of its interval. */
  readonly maxOffsetNs: number
  readonly frequencyPpb: number
  /** 0 where linuxptp prints none. */
  readonly delayNs: number
  /** Undefined in summaries, which do not contain it. */
  readonly servo: ServoState | undefined
  /** True while ts2phc goes on without its reference. */
  readonly isHoldover: boolean
  /** Monotonic nanoseconds. */
  readonly measuredAt: bigint
  /** Nanoseconds since the measurement before; undefined for the first. */
  readonly interval: bigint | undefined
}

/** The value that the Go daemon shows for a FAULTY port that was following. Existing alerts depend on it. */
const faultyOffsetNs = 999_999

/** The value shown instead of a measurement while a port is FAULTY and cannot measure. */
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

/** The measurement in an offset line or summary line at `now`. `before` is the previous one of the same clock. */
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

/** After this many missed measurements the state of the clock counts as unknown. */
const missedIntervals = 3n
/** Measurements may be missing for this long at any rate, because networks and schedulers delay some. */
const shortestPatience = 10_000_000_000n
/**
 * After the first measurement the interval is not known yet. Summaries every 2^6 s are in use, longer ones hardly ever.
 */
const firstPatience = 150_000_000_000n

/**
 * False when measurements have stopped. A ptp4l that receives Announce but no Sync messages stays SLAVE and prints
 * nothing; so does a program that hangs.
 */
export const isFresh = ({ interval, measuredAt }: Measurement, now: bigint): boolean => {
  const patience = interval === undefined ? firstPatience : interval * missedIntervals
  return now - measuredAt <= (patience > shortestPatience ? patience : shortestPatience)
}

/** True when the servo has settled. A summary does not say so, but it is printed only while a master is followed. */
export const isSettled = ({ isHoldover, servo }: Measurement): boolean =>
  !isHoldover && (servo === undefined || isServoLocked(servo))

/** True when ts2phc has given up its holdover: the clock is too far away to be steered without the reference. */
export const isGivenUp = ({ isHoldover, servo }: Measurement): boolean => isHoldover && servo === "s0"

/** How an offset lies to the thresholds. It is far away beyond ten times the threshold. */
export type OffsetDistance = "Inside" | "Outside" | "Far"

const farFactor = 10

/**
 * How the offset lies to the thresholds; equal to one is inside. The offset of a summary has no sign, so it is tried
 * with both.
 */
export const distanceOf = ({ offsetNs, servo }: Measurement, threshold: ClockThreshold): OffsetDistance => {
  const signed = servo === undefined ? [offsetNs, -offsetNs] : [offsetNs]
  const distances = signed.map((offset) => signedDistance(offset, threshold))
  return distances.find((distance) => distance === "Inside") ??
    distances.find((distance) => distance === "Outside") ?? "Far"
}

const signedDistance = (offsetNs: number, { maxOffsetNs, minOffsetNs }: ClockThreshold): OffsetDistance => {
  if (offsetNs >= minOffsetNs && offsetNs <= maxOffsetNs) return "Inside"
  return Math.abs(offsetNs) > farFactor * Math.abs(offsetNs > maxOffsetNs ? maxOffsetNs : minOffsetNs)
    ? "Far"
    : "Outside"
}
