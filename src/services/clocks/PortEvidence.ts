/**
 * What a port's new state says about measurements: a port that follows no master measures nothing, and one that starts
 * to follow measures anew. ProgramEvidence uses it for lines, ManagementEvidence for answers.
 */
import { followsMaster, type PortState } from "../linuxptp/PortState.ts"
import { mapValues, withEntry } from "./BoundedMap.ts"
import { faultyMeasurement, type Measurement, stopped } from "./Measurement.ts"

/** Who has told something, and when, in monotonic nanoseconds: when the line was printed or the answer was heard. */
export interface Told {
  readonly by: "log" | "socket"
  readonly at: bigint
}

/** True for old news: the other source has told something newer before. The order within one source is kept. */
export const isOutdated = (told: Told, known: Told | undefined): boolean =>
  known !== undefined && known.by !== told.by && told.at < known.at

/** A port by its number. */
export interface ObservedPort {
  /** Undefined when neither the line nor the configuration names it. */
  readonly interface: string | undefined
  readonly state: PortState
  readonly told: Told
}

/** What ports say. */
export interface PortEvidence {
  readonly ports: ReadonlyMap<number, ObservedPort>
  /** Number of the port that follows a master, or was the last to follow one. */
  readonly followedPort: number | undefined
  /**
   * The key is the clock that is steered: for ptp4l the NIC of the port that follows, otherwise the name in the line.
   */
  readonly measurements: ReadonlyMap<string, Measurement>
}

/** The evidence after a port was told to be in a state. Returns the same object for old news. */
export const withPortState = <E extends PortEvidence>(evidence: E, number: number, port: ObservedPort): E => {
  const { followedPort, measurements } = evidence
  const known = evidence.ports.get(number)
  if (isOutdated(port.told, known?.told)) return evidence
  const next = { ...evidence, ports: withEntry(evidence.ports, number, port) }
  if (known?.state === port.state) return next
  if (!followsMaster(port.state)) {
    return number === followedPort ? { ...next, measurements: measurementsWithout(measurements, port) } : next
  }
  // The calibration starts again, perhaps with another master: earlier measurements say nothing about it.
  const isEnded = port.state === "UNCALIBRATED" || number !== followedPort
  return { ...next, followedPort: number, measurements: isEnded ? mapValues(measurements, stopped) : measurements }
}

/**
 * A port that follows no master measures nothing. If it is FAULTY, that is shown as a special offset; if it serves time,
 * it has no offset at all.
 */
const measurementsWithout = (
  measurements: PortEvidence["measurements"],
  { interface: nic, state }: ObservedPort
): PortEvidence["measurements"] => {
  if (state === "FAULTY" && nic !== undefined) return new Map([[nic, faultyMeasurement("master")]])
  const mayFollowAgain = state === "LISTENING" || state === "INITIALIZING"
  return mayFollowAgain ? mapValues(measurements, stopped) : new Map()
}
