/**
 * Judges whether a program's evidence makes its clock locked at this moment, and if not, why. Pure and without memory:
 * Holdover decides what follows when a lock is lost.
 */
import { servesTime } from "../linuxptp/PortState.ts"
import type { ClockThreshold } from "../profiles/Decision.ts"
import { isFresh, isSettled, isWithin, type Measurement } from "./Measurement.ts"
import type { ClockReason } from "./NodeClock.ts"
import { followingPort, lastFollowingPort, type ProgramEvidence } from "./ProgramEvidence.ts"

/** `Locked`, or the reason for FREERUN. */
export type ClockVerdict = Exclude<ClockReason, "Holdover">

/**
 * Judges one program at a monotonic nanosecond. `isMeter` is true for a child of timemaster that only measures for
 * chronyd or ntpd. Its servo never settles, and a port with software time stamps stays UNCALIBRATED, so only its offset
 * counts.
 */
export const clockVerdict = (
  evidence: ProgramEvidence,
  threshold: ClockThreshold,
  isMeter: boolean,
  now: bigint
): ClockVerdict => {
  if (evidence.program === "ptp4l") {
    const port = followingPort(evidence)
    if (port === undefined) return withoutMaster(evidence)
    if (port.state !== "SLAVE" && !isMeter) return "Unlocked"
  }
  const measurements = [...evidence.measurements.values()]
  if (!measurements.every((measurement) => isFresh(measurement, now))) return "Unlocked"
  return measurementsVerdict(measurements, threshold, isMeter)
}

/** Every clock that a program steers must be settled and within the thresholds. */
const measurementsVerdict = (
  measurements: ReadonlyArray<Measurement>,
  threshold: ClockThreshold,
  isMeter: boolean
): ClockVerdict => {
  if (measurements.length === 0) return "Unlocked"
  if (!isMeter && !measurements.every(isSettled)) return "Unlocked"
  return measurements.every((measurement) => isWithin(measurement, threshold)) ? "Locked" : "OffsetOutOfBounds"
}

/**
 * Why no port follows a master. A port that lost its link while it followed one is reported first: other ports may have
 * become masters because of it.
 */
const withoutMaster = (evidence: ProgramEvidence): ClockVerdict => {
  const states = [...evidence.ports.values()].map((port) => port.state)
  if (lastFollowingPort(evidence)?.state === "FAULTY") return "PortFaulty"
  if (states.some(servesTime)) return "Grandmaster"
  return states.includes("FAULTY") ? "PortFaulty" : "Listening"
}
