/**
 * What one linuxptp program has said since it was started, folded from its log events: the states of its ports, its
 * grandmaster and its newest measurements. Pure; whether that makes a clock locked is ClockVerdict's business.
 */
import { Schema } from "effect"
import type { LogEvent, OffsetEvent, PortStateEvent, SummaryEvent } from "../linuxptp/LogEvent.ts"
import { followsMaster, type PortState } from "../linuxptp/PortState.ts"
import { faultyMeasurement, type Measurement, measurementOf, type OffsetSource } from "./Measurement.ts"

/** The programs that measure a clock. */
const ClockProgram = Schema.Literals(["ptp4l", "phc2sys", "ts2phc"])
export type ClockProgram = typeof ClockProgram.Type

export const isClockProgram = Schema.is(ClockProgram)

/** A port by its number. */
export interface ObservedPort {
  /** Undefined when neither the line nor the configuration names it. */
  readonly interface: string | undefined
  readonly state: PortState
}

/** What is known of one program from its own lines. */
export interface ProgramEvidence {
  readonly program: ClockProgram
  /** NICs in port order. */
  readonly interfaces: ReadonlyArray<string>
  readonly ports: ReadonlyMap<number, ObservedPort>
  /** Number of the port that follows a master, or was the last to follow one. */
  readonly followedPort: number | undefined
  /** The best master that was selected last; undefined when it was the local clock. */
  readonly bestMaster: string | undefined
  /** By the clock that is steered: the NIC of the following port for ptp4l, otherwise as the line names it. */
  readonly measurements: ReadonlyMap<string, Measurement>
}

/** More ports or clocks than any host has; what comes beyond is not kept. */
const mostEntries = 128

/** phc2sys 1.5 does not name the clock: it is the system clock. */
const systemClock = "CLOCK_REALTIME"

/** A program that has said nothing yet. */
export const noEvidence = (program: ClockProgram, interfaces: ReadonlyArray<string>): ProgramEvidence => ({
  program,
  interfaces,
  ports: new Map(),
  followedPort: undefined,
  bestMaster: undefined,
  measurements: new Map()
})

/** The evidence after one more event, at a monotonic nanosecond. The same object when it tells nothing of a clock. */
export const observeEvent = (evidence: ProgramEvidence, event: LogEvent, now: bigint): ProgramEvidence => {
  switch (event.kind) {
    case "offset":
    case "summary":
      return observeMeasurement(evidence, event, now)
    case "portState":
      return observePort(evidence, event)
    case "bestMaster":
      return { ...evidence, bestMaster: event.local ? undefined : event.clockIdentity }
    case "message":
    case "fault":
      return evidence.program === "phc2sys" ? observePhc2sysMessage(evidence, event.text) : evidence
  }
}

/** The port that follows a master now. */
export const followingPort = ({ followedPort, ports }: ProgramEvidence): ObservedPort | undefined => {
  const port = followedPort === undefined ? undefined : ports.get(followedPort)
  return port !== undefined && followsMaster(port.state) ? port : undefined
}

/** The port that follows a master, or was the last to follow one. */
export const lastFollowingPort = ({ followedPort, ports }: ProgramEvidence): ObservedPort | undefined =>
  followedPort === undefined ? undefined : ports.get(followedPort)

/** A map with one entry more, unless it is full. */
const withEntry = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> =>
  map.size >= mostEntries && !map.has(key) ? map : new Map(map).set(key, value)

const observeMeasurement = (
  evidence: ProgramEvidence,
  event: OffsetEvent | SummaryEvent,
  now: bigint
): ProgramEvidence => {
  const clock = evidence.program === "ptp4l" ? followingPort(evidence)?.interface : event.clock ?? systemClock
  // An offset of an unknown NIC would be a series without a name.
  if (clock === undefined) return evidence
  const measurement = measurementOf(
    event,
    sourceOf(evidence.program, event),
    now,
    evidence.measurements.get(clock)
  )
  // ptp4l steers one clock: the NIC that was followed before has no offset any more.
  const measurements = evidence.program === "ptp4l"
    ? new Map([[clock, measurement]])
    : withEntry(evidence.measurements, clock, measurement)
  return { ...evidence, measurements }
}

const sourceOf = (program: ClockProgram, event: OffsetEvent | SummaryEvent): OffsetSource => {
  if (program !== "phc2sys") return "master"
  const source = event.kind === "offset" ? event.source : undefined
  return source === "sys" || source === "pps" ? source : "phc"
}

// Port 0 is the management socket.
const observePort = (evidence: ProgramEvidence, event: PortStateEvent): ProgramEvidence => {
  if (evidence.program !== "ptp4l" || event.port === 0) return evidence
  const port = { interface: event.interface ?? evidence.interfaces[event.port - 1], state: event.to }
  const ports = withEntry(evidence.ports, event.port, port)
  if (followsMaster(event.to)) {
    // Calibration begins anew, perhaps with another master: what was measured before says nothing of it.
    const measurements = event.to === "UNCALIBRATED" ? new Map<string, Measurement>() : evidence.measurements
    return { ...evidence, ports, followedPort: event.port, measurements }
  }
  // From INITIALIZING comes a ptp4l that timemaster has started anew.
  const isFromFollowing = followsMaster(event.from) || event.from === "INITIALIZING"
  const wasFollowing = event.port === evidence.followedPort && isFromFollowing
  return wasFollowing ? { ...evidence, ports, measurements: measurementsWithout(port) } : { ...evidence, ports }
}

/** A port that follows no master measures nothing; that it is FAULTY is shown as an offset. */
const measurementsWithout = (port: ObservedPort): ReadonlyMap<string, Measurement> =>
  port.state === "FAULTY" && port.interface !== undefined
    ? new Map([[port.interface, faultyMeasurement("master")]])
    : new Map()

// phc2sys.c, reconfigure and do_domain_loop: from here on it compares nothing until it prints an offset again.
const lostSource = /^(?:nothing to synchronize|Waiting for ptp4l|no PHC ready|(?:source|master) clock not ready)/

/**
 * After a reconfiguration other clocks than the system clock may have become sources, which are not measured. The
 * system clock's measurement stays: from linuxptp 4.1 on nothing is said when the source is lost, but then no
 * measurement follows.
 */
const observePhc2sysMessage = (evidence: ProgramEvidence, text: string): ProgramEvidence => {
  if (lostSource.test(text)) return { ...evidence, measurements: new Map() }
  if (!text.startsWith("reconfiguring after port state change")) return evidence
  return {
    ...evidence,
    measurements: new Map([...evidence.measurements].filter(([clock]) => clock === systemClock))
  }
}
