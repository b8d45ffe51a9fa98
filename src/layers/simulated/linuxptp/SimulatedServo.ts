/**
 * A clock servo that works well: its first offset is unlocked, then it steps the clock or skips the step, locks, and
 * varies by a few nanoseconds. The simulated ptp4l, phc2sys and ts2phc use it. The random numbers look like recorded
 * ones.
 */

/** The state after a sample. Offsets and delays are in nanoseconds, frequencies in parts per billion. */
export interface Servo {
  readonly state: "s0" | "s1" | "s2"
  readonly offsetNs: number
  readonly frequencyPpb: number
  readonly delayNs: number
  /** The frequency error of the oscillator, which the servo corrects. */
  readonly driftPpb: number
  /** True if the clock was right before, so that no step (s1) is needed. */
  readonly wasLocked: boolean
}

/** How good the clock is, and its connection to the source. */
export interface ServoNature {
  /** The largest offset before the first correction. */
  readonly initialOffsetNs: number
  readonly jitterNs: number
  readonly delayNs: number
  readonly largestDriftPpb: number
}

type Draw = () => number

/** A number in [-1, 1) that is near 0 more often than not. */
const around = (draw: Draw): number => draw() + draw() - 1

/** The first sample: unlocked, with the clock not corrected yet. */
export const firstSample = (nature: ServoNature, draw: Draw): Servo => ({
  state: "s0",
  offsetNs: Math.round(around(draw) * nature.initialOffsetNs),
  frequencyPpb: 0,
  delayNs: Math.round(nature.delayNs * (1 + around(draw) / 20)),
  driftPpb: Math.round(around(draw) * nature.largestDriftPpb),
  wasLocked: false
})

/**
 * The first sample after the source was away for `seconds`. The clock has drifted a little, and its frequency is still
 * known.
 */
export const sampleAfterSilence = (servo: Servo, nature: ServoNature, seconds: number, draw: Draw): Servo => ({
  ...servo,
  state: "s0",
  offsetNs: Math.round(around(draw) * (nature.jitterNs + Math.min(seconds, 60) * 2)),
  wasLocked: true
})

/** The next sample: s0, then s1 if the clock must be stepped, then always s2. */
export const nextSample = (servo: Servo, nature: ServoNature, draw: Draw): Servo => {
  const jitter = Math.round(around(draw) * nature.jitterNs)
  const delayNs = Math.round(nature.delayNs + around(draw) * nature.jitterNs)
  if (servo.state === "s0" && !servo.wasLocked) {
    return { ...servo, state: "s1", offsetNs: servo.offsetNs + jitter, frequencyPpb: servo.driftPpb, delayNs }
  }
  // After a step only noise is left. Without a step the old offset decreases slowly.
  const remaining = servo.state === "s1" ? 0 : servo.offsetNs * 0.4
  const offsetNs = Math.round(remaining + jitter)
  return { ...servo, state: "s2", offsetNs, frequencyPpb: servo.driftPpb + offsetNs, delayNs }
}

const fixed = (value: number, width: number): string => String(Math.round(value)).padStart(width)
const signed = (value: number, width: number): string =>
  `${value < 0 ? "-" : "+"}${Math.abs(Math.round(value))}`.padStart(width)

/** `%10d s%d freq %+7.0f`, which every offset line contains. `width` is that of the offset. */
export const offsetText = (servo: Servo, width: number): string =>
  `${fixed(servo.offsetNs, width)} ${servo.state} freq ${signed(servo.frequencyPpb, 7)}`

/** `master offset … path delay …`: linuxptp clock.c, clock_synchronize. */
export const ptp4lOffsetText = (servo: Servo): string =>
  `master offset ${offsetText(servo, 10)} path delay ${fixed(servo.delayNs, 9)}`

/** `rms … max … freq … +/- … delay … +/- …`: linuxptp clock.c, clock_stats_display. */
export const summaryText = (servo: Servo, draw: Draw): string => {
  const max = Math.abs(servo.offsetNs) + Math.round(draw() * 10)
  return `rms ${fixed(max * (0.5 + draw() / 4), 4)} max ${fixed(max, 4)}`
    + ` freq ${signed(servo.frequencyPpb, 6)} +/- ${fixed(draw() * 30, 3)}`
    + ` delay ${fixed(servo.delayNs, 5)} +/- ${fixed(draw() * 6, 3)}`
}

/** The measurement of a servo that steers nothing: always unlocked, and without a frequency. */
export const unsteered = (servo: Servo): Servo => ({ ...servo, state: "s0", frequencyPpb: 0 })

/** `CLOCK_REALTIME phc offset … delay …`: linuxptp phc2sys.c, update_clock. */
export const clockOffsetText = (clock: string, servo: Servo): string =>
  `${clock} offset ${offsetText(servo, 9)} delay ${fixed(servo.delayNs, 6)}`

/** `CLOCK_REALTIME rms … max …`: linuxptp phc2sys.c, update_clock_stats. */
export const clockSummaryText = (clock: string, servo: Servo, draw: Draw): string =>
  `${clock} ${summaryText(servo, draw)}`
