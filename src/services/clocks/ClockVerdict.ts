/**
 * Whether a program's evidence makes its clock locked now, and why not. Pure and without memory: what follows the
 * loss of a lock is Holdover's business.
 */
import { servesTime } from "../linuxptp/PortState.ts"
import type { ClockThreshold } from "../profiles/Decision.ts"
import { isFresh, isSettled, isWithin, type Measurement } from "./Measurement.ts"
import type { ClockReason } from "./NodeClock.ts"
import { followingPort, lastFollowingPort, type ProgramEvidence } from "./ProgramEvidence.ts"

/** `Locked`, or the reason for FREERUN. */
export type ClockVerdict = Exclude<ClockReason, "Holdover">

/**
 * Judges one program at a monotonic nanosecond. `isMeter` is true for a child of timemaster, which only feeds chronyd or ntpd: its servo never
 * settles and a software port stays UNCALIBRATED, so that its offset alone counts.
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

/** Every clock that a program steers must be settled and near enough. */
const measurementsVerdict = (
  measurements: ReadonlyArray<Measurement>,
  threshold: ClockThreshold,
  isMeter: boolean
): ClockVerdict => {
  if (measurements.length === 0) return "Unlocked"
  if (!isMeter && !measurements.every(isSettled)) return "Unlocked"
  return measurements.every((measurement) => isWithin(measurement, threshold)) ? "Locked" : "OffsetOutOfBounds"
}

/** Why no port follows. A dead link where a master was comes first: other ports may have become masters for it. */
const withoutMaster = (evidence: ProgramEvidence): ClockVerdict => {
  const states = [...evidence.ports.values()].map((port) => port.state)
  if (lastFollowingPort(evidence)?.state === "FAULTY") return "PortFaulty"
  if (states.some(servesTime)) return "Grandmaster"
  return states.includes("FAULTY") ? "PortFaulty" : "Listening"
}
