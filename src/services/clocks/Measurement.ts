/**
 * The newest measurement of one clock, taken from an offset line or a summary line of linuxptp or told on ptp4l's
 * management socket, and how long it counts. The clock's state and the metrics use it.
 */
import type { OffsetEvent, SummaryEvent } from "../linuxptp/LogEvent.ts"
import { isServoLocked, type ServoState } from "../linuxptp/ServoState.ts"

/** What the clock is compared with; the value of the label `from`. */
export type OffsetSource = "master" | "phc" | "sys" | "pps"

/** One sample of a servo. It may be told twice, by the log and on the socket; then it is the same object. */
export interface Sample {
  readonly by: "log" | "socket"
  readonly offsetNs: number
}

/** The measurement of one clock against its source. */
export interface Measurement {
  readonly from: OffsetSource
  readonly sample: Sample
  /** In a summary: the root mean square of its interval, which has no sign. */
  readonly offsetNs: number
  readonly isSigned: boolean
  /** The offset itself; where summaries are printed, the largest offset of the last one's interval. */
  readonly maxOffsetNs: number
  /** Undefined until linuxptp has printed it. */
  readonly frequencyPpb: number | undefined
  /** 0 where linuxptp prints none. */
  readonly delayNs: number
  /** Undefined in summaries and on the socket, which do not tell it. */
  readonly servo: ServoState | undefined
  /** True while ts2phc goes on without its reference. */
  readonly isHoldover: boolean
  /** Monotonic nanoseconds, as all times here. */
  readonly measuredAt: bigint
  /** Nanoseconds since the measurement before; undefined for the first. */
  readonly interval: bigint | undefined
  /** If there is no other until then, the measurements have stopped, and the state of the clock is unknown. */
  readonly freshUntil: bigint
  /** If there is no other until then, its value counts no more. Undefined if it has none. */
  readonly validUntil: bigint | undefined
}

/** The value that the Go daemon shows for a FAULTY port that was following. Existing alerts depend on it. */
const faultyOffsetNs = 999_999

/** The time before all times. */
const ended = -1n

const faultySample: Sample = { by: "log", offsetNs: faultyOffsetNs }

/** The value shown instead of a measurement while a port is FAULTY, and once measurements have stopped. */
export const faultyMeasurement = (from: OffsetSource): Measurement => ({
  from,
  sample: faultySample,
  offsetNs: faultyOffsetNs,
  isSigned: true,
  maxOffsetNs: faultyOffsetNs,
  frequencyPpb: 0,
  delayNs: 0,
  servo: "s0",
  isHoldover: false,
  measuredAt: ended,
  interval: undefined,
  freshUntil: ended,
  validUntil: undefined
})

/** After this many missed measurements the state of the clock counts as unknown. */
const missedIntervals = 3n
/** Lines may be missing for this long at any rate, because networks and schedulers delay some. */
const logPatience = 10_000_000_000n
/** On the socket every sample can be seen. Two may be lost. */
const socketPatience = 4_000_000_000n
/**
 * After the first line the interval is not known yet, if the configuration does not say it. Summaries every 2^6 s are in
 * use, longer ones hardly ever.
 */
const usualInterval = 50_000_000_000n

const longer = (a: bigint, b: bigint): bigint => a > b ? a : b

/** When measurements have stopped, and since when their value counts no more. */
const deadlines = (now: bigint, interval: bigint, patience: bigint) => ({
  freshUntil: now + longer(missedIntervals * interval, patience),
  validUntil: now + longer(missedIntervals * interval, logPatience)
})

/**
 * No program measures so seldom: a longer time is a pause, and the rhythm is the one before it. Telecom profiles allow a
 * Sync every 16 s, which may be 30 % late.
 */
const longestIntervals = { log: 64_000_000_000n, socket: 21_000_000_000n } as const

const intervalSince = (before: Measurement | undefined, now: bigint, by: Sample["by"]): bigint | undefined => {
  // A measurement that was ended says nothing about the rhythm.
  if (before === undefined || before.freshUntil === ended) return undefined
  const interval = now - before.measuredAt
  return isFresh(before, now) || interval <= longestIntervals[by] ? interval : before.interval
}

const rhythmOf = (interval: bigint | undefined, expected: bigint | undefined): bigint =>
  expected === undefined ? interval ?? usualInterval : longer(interval ?? 0n, expected)

/**
 * The measurement in an offset line or summary line at `now`. `before` is the previous one of the same clock.
 * `expected` is how often such a line comes at least, if the configuration says so.
 */
export const measurementOf = (
  event: OffsetEvent | SummaryEvent,
  from: OffsetSource,
  now: bigint,
  before: Measurement | undefined,
  expected?: bigint
): Measurement => {
  const interval = intervalSince(before, now, "log")
  return {
    from,
    sample: { by: "log", offsetNs: event.kind === "offset" ? event.offsetNs : event.rmsNs },
    frequencyPpb: event.frequencyPpb,
    delayNs: event.delayNs ?? 0,
    measuredAt: now,
    interval,
    ...deadlines(now, rhythmOf(interval, expected), logPatience),
    ...(event.kind === "offset"
      ? {
        offsetNs: event.offsetNs,
        isSigned: true,
        maxOffsetNs: event.offsetNs,
        servo: event.servoState,
        isHoldover: event.holdover === true
      }
      : { offsetNs: event.rmsNs, isSigned: false, maxOffsetNs: event.maxNs, servo: undefined, isHoldover: false })
  }
}

/** A new sample that ptp4l has told on its socket. `summaryMaxNs` is the largest offset of its last summary. */
export const sampleOnSocket = (
  offsetNs: number,
  now: bigint,
  before: Measurement | undefined,
  summaryMaxNs: number | undefined
): Measurement => {
  // The line about this sample may have come first.
  const isKnown = before?.sample.by === "log" && before.sample.offsetNs === offsetNs && before.isSigned
  const interval = isKnown ? before.interval : intervalSince(before, now, "socket")
  return {
    from: "master",
    sample: isKnown ? before.sample : { by: "socket", offsetNs },
    offsetNs,
    isSigned: true,
    maxOffsetNs: summaryMaxNs ?? offsetNs,
    frequencyPpb: before?.validUntil === undefined ? undefined : before.frequencyPpb,
    delayNs: before?.delayNs ?? 0,
    servo: undefined,
    isHoldover: false,
    measuredAt: now,
    interval,
    // The first one may be followed by the next after some seconds.
    ...deadlines(now, interval ?? 0n, interval === undefined ? logPatience : socketPatience)
  }
}

/**
 * The measurement after a line of a ptp4l that answers on its socket, so that no other line has to come soon. A summary,
 * and the line of a sample that the socket has told, only add what the socket does not tell.
 */
export const lineBesideSocket = (before: Measurement | undefined, line: Measurement): Measurement => {
  const { delayNs, frequencyPpb, maxOffsetNs, measuredAt } = line
  if (before?.sample.by !== "socket" || !isFresh(before, measuredAt)) {
    return { ...line, ...deadlines(measuredAt, line.isSigned ? line.interval ?? 0n : 0n, socketPatience) }
  }
  const isSame = !line.isSigned || before.sample.offsetNs === line.offsetNs
  return isSame
    ? {
      ...before,
      delayNs,
      frequencyPpb,
      maxOffsetNs,
      freshUntil: longer(before.freshUntil, measuredAt + socketPatience),
      validUntil: longer(before.validUntil ?? 0n, measuredAt + logPatience)
    }
    : { ...line, ...deadlines(measuredAt, line.interval ?? 0n, socketPatience) }
}

/** The same measurement when it is known that no other follows for now. */
export const stopped = (measurement: Measurement): Measurement => ({ ...measurement, freshUntil: ended })

const freshAtMost = (measurement: Measurement, freshUntil: bigint): Measurement =>
  freshUntil < measurement.freshUntil ? { ...measurement, freshUntil } : measurement

/** After phc2sys has looked for its source it measures at once. */
const doubtPatience = 1_000_000_000n

/** The same measurement when it is not known whether others follow. */
export const doubted = (measurement: Measurement, now: bigint): Measurement =>
  freshAtMost(measurement, now + doubtPatience)

/** The same measurement when it is known that others follow, in a rhythm that `measurementOf` explains. */
export const undoubted = (measurement: Measurement, expected?: bigint): Measurement =>
  measurement.freshUntil === ended ? measurement : {
    ...measurement,
    ...deadlines(measurement.measuredAt, rhythmOf(measurement.interval, expected), logPatience)
  }

/** The same measurement if nothing was heard of its program since `heardAt`, not even on its socket. */
export const afterSilence = (measurement: Measurement, heardAt: bigint): Measurement =>
  freshAtMost(measurement, heardAt + socketPatience)

/**
 * False when measurements have stopped. A ptp4l that receives Announce but no Sync messages stays SLAVE and prints
 * nothing; so does a program that hangs.
 */
export const isFresh = ({ freshUntil }: Measurement, now: bigint): boolean => now <= freshUntil

/** What the metrics show at `now`: once its time is over, an offset that makes alerts fire. Its rhythm is still known. */
export const validMeasurement = (measurement: Measurement, now: bigint): Measurement => {
  const { freshUntil, from, interval, measuredAt, validUntil } = measurement
  return validUntil === undefined || now <= validUntil
    ? measurement
    : { ...faultyMeasurement(from), freshUntil, interval, measuredAt }
}

/** True when the servo has settled. A summary does not say so, but it is printed only while a master is followed. */
export const isSettled = ({ isHoldover, servo }: Measurement): boolean =>
  !isHoldover && (servo === undefined || isServoLocked(servo))

/** True when ts2phc has given up its holdover: the clock is too far away to be steered without the reference. */
export const isGivenUp = ({ isHoldover, servo }: Measurement): boolean => isHoldover && servo === "s0"
