/**
 * Judges what a program's evidence says about one clock at this moment. Pure and without memory: Holdover decides what
 * follows from it, because that depends on what was said before.
 */
import { servesTime } from "../linuxptp/PortState.ts"
import type { ClockThreshold } from "../profiles/Decision.ts"
import { isFresh, isGivenUp, isSettled, type Measurement } from "./Measurement.ts"
import type { FreerunReason } from "./NodeClock.ts"
import { distanceOf, type OffsetDistance } from "./OffsetDistance.ts"
import { followingPort, lastFollowingPort, type ProgramEvidence } from "./ProgramEvidence.ts"
import { systemClock } from "./SourceEvidence.ts"

/** What is known of one clock. */
export type ClockVerdict =
  /** It is measured. `measurement` tells a new one from one that was judged before. */
  | {
    readonly kind: "Measured"
    readonly measurement: Measurement
    readonly distance: OffsetDistance
    readonly isSettled: boolean
    /** True for an offset that is large and that the servo does not step by its configuration. */
    readonly isOnlySlewed: boolean
  }
  /** Its measurements are gone. A clock that was LOCKED is held over. */
  | { readonly kind: "Gone"; readonly reason: FreerunReason }
  /** The program itself says that it holds the clock over. */
  | { readonly kind: "HeldOver" }
  /** It is known to run free, so nothing is held over. One good measurement does not make a distrusted one LOCKED. */
  | { readonly kind: "Free"; readonly reason: FreerunReason; readonly isDistrusted: boolean }

/** By what a clock is judged. */
export interface VerdictFacts {
  readonly threshold: ClockThreshold
  /**
   * True for a child of timemaster that only measures for chronyd or ntpd. Its servo never settles, and a port with
   * software time stamps stays UNCALIBRATED, so only its offset counts.
   */
  readonly isMeter: boolean
  /** See `ClockSettings`. */
  readonly stepThresholdNs: number
  /** True for a ptp4l that is meant to follow: its configuration says so, or it has done so. */
  readonly isFollower: boolean
  /** Monotonic nanoseconds. */
  readonly now: bigint
}

/** Judges the clock called `name`. ptp4l steers only one clock, so the name does not matter there. */
export const clockVerdict = (evidence: ProgramEvidence, name: string, facts: VerdictFacts): ClockVerdict => {
  const [first] = evidence.measurements.values()
  const measurement = evidence.program === "ptp4l" ? first : evidence.measurements.get(name)
  const isOfOther = evidence.measurements.size > 1 && name === systemClock && evidence.refusal?.isOfPhc === true
  if (!facts.isMeter && !isOfOther && isNotSteered(evidence, measurement, facts.now)) {
    return { kind: "Free", reason: "NotSteered", isDistrusted: true }
  }
  if (evidence.program !== "ptp4l") return measurementVerdict(measurement, true, facts)
  const port = followingPort(evidence)
  if (port === undefined) return { kind: "Gone", reason: withoutMaster(evidence, facts.isFollower) }
  return measurementVerdict(measurement, port.state === "SLAVE", facts)
}

/** After so long without another complaint the program does not try to steer the clock any more. */
const refusalPatience = 10_000_000_000n
const usualInterval = 1_000_000_000n

/**
 * True while the program says that it cannot steer this clock. Two measurements without such a message in between show
 * that it can again. The message names no clock. Of several clocks it is about those that are no longer measured
 * (linuxptp 4.0 and newer print no offset that they could not act upon), and about all of them if all are measured.
 */
const isNotSteered = (
  { measurements, refusal }: ProgramEvidence,
  measurement: Measurement | undefined,
  now: bigint
): boolean => {
  if (refusal === undefined) return false
  if (measurement === undefined || !isFresh(measurement, now)) return now - refusal.at <= refusalPatience
  const isSilent = ({ interval = usualInterval, measuredAt }: Measurement) => refusal.at - measuredAt > 2n * interval
  const { interval, measuredAt } = measurement
  if (measurements.size > 1) {
    if ([...measurements.values()].some(isSilent)) return isSilent(measurement)
    if (refusal.at - refusal.since <= 3n * (interval ?? usualInterval)) return false
  }
  return interval === undefined || measuredAt - interval <= refusal.at
}

const measurementVerdict = (
  measurement: Measurement | undefined,
  isCalibrated: boolean,
  { isMeter, now, stepThresholdNs, threshold }: VerdictFacts
): ClockVerdict => {
  if (measurement === undefined || !isFresh(measurement, now)) return { kind: "Gone", reason: "Unlocked" }
  if (isGivenUp(measurement)) return { kind: "Free", reason: "Unlocked", isDistrusted: false }
  if (measurement.isHoldover) return { kind: "HeldOver" }
  return {
    kind: "Measured",
    measurement,
    distance: distanceOf(measurement, threshold),
    isSettled: isMeter || (isCalibrated && isSettled(measurement)),
    isOnlySlewed: Math.abs(measurement.offsetNs) > largeOffsetNs && Math.abs(measurement.offsetNs) < stepThresholdNs
  }
}

/** It takes long to slew a larger one: linuxptp slews a PHC, and the kernel the system clock, by 10 % at most. */
const largeOffsetNs = 1_000_000

/**
 * Why no port follows a master. A port that lost its link while it followed one is reported first: other ports may have
 * become masters because of it.
 */
const withoutMaster = (evidence: ProgramEvidence, isFollower: boolean): FreerunReason => {
  const states = [...evidence.ports.values()].map((port) => port.state)
  if (lastFollowingPort(evidence)?.state === "FAULTY") return "PortFaulty"
  if (states.some(servesTime)) return isFollower ? "GrandmasterLost" : "Grandmaster"
  return states.includes("FAULTY") ? "PortFaulty" : "Listening"
}
