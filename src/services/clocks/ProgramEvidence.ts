/**
 * What one linuxptp program has said since its start: the states of its ports, its grandmaster and its newest
 * measurements. It is computed from the events in the program's log. Pure: ClockVerdict decides whether this evidence
 * makes a clock locked.
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
  /** The master that the best master algorithm selected last; undefined if that was the local clock. */
  readonly bestMaster: string | undefined
  /**
   * The key is the clock that is steered: for ptp4l the NIC of the port that follows, otherwise the name in the line.
   */
  readonly measurements: ReadonlyMap<string, Measurement>
  /** phc2sys: the NIC whose clock it follows, or `CLOCK_REALTIME`; undefined while it has not said so. */
  readonly source: string | undefined
  /** When the program began to say that it cannot steer its clock, and when it said so last. */
  readonly refusal: Refusal | undefined
}

/** Monotonic nanoseconds. */
interface Refusal {
  readonly since: bigint
  readonly at: bigint
}

/** A refusal after a longer pause is a new one. */
const refusalPause = 10_000_000_000n

/** No host has more ports or clocks. Entries beyond this number are not kept. */
const mostEntries = 128

/** phc2sys 1.5 prints no name for the clock; then it is the system clock. */
export const systemClock = "CLOCK_REALTIME"

/** A program that has said nothing yet. */
export const noEvidence = (program: ClockProgram, interfaces: ReadonlyArray<string>): ProgramEvidence => ({
  program,
  interfaces,
  ports: new Map(),
  followedPort: undefined,
  bestMaster: undefined,
  measurements: new Map(),
  source: undefined,
  refusal: undefined
})

/**
 * The evidence after one more event at a monotonic nanosecond. Returns the same object if the event says nothing about
 * a clock.
 */
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
      return observeMessage(evidence, event.text, now)
  }
}

/** The port that follows a master at this moment. */
export const followingPort = ({ followedPort, ports }: ProgramEvidence): ObservedPort | undefined => {
  const port = followedPort === undefined ? undefined : ports.get(followedPort)
  return port !== undefined && followsMaster(port.state) ? port : undefined
}

/** The port that follows a master, or was the last to follow one. */
export const lastFollowingPort = ({ followedPort, ports }: ProgramEvidence): ObservedPort | undefined =>
  followedPort === undefined ? undefined : ports.get(followedPort)

/** The map with one more entry, unless the map is full. */
const withEntry = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> =>
  map.size >= mostEntries && !map.has(key) ? map : new Map(map).set(key, value)

const observeMeasurement = (
  evidence: ProgramEvidence,
  event: OffsetEvent | SummaryEvent,
  now: bigint
): ProgramEvidence => {
  const clock = evidence.program === "ptp4l" ? followingPort(evidence)?.interface : event.clock ?? systemClock
  // An offset without a known NIC would become a metric without a name.
  if (clock === undefined) return evidence
  const measurement = measurementOf(
    event,
    sourceOf(evidence.program, event),
    now,
    evidence.measurements.get(clock)
  )
  // ptp4l steers one clock, so the NIC that was followed before has no offset any more.
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

// Port 0 is ptp4l's management socket, not a NIC.
const observePort = (evidence: ProgramEvidence, event: PortStateEvent): ProgramEvidence => {
  if (evidence.program !== "ptp4l" || event.port === 0) return evidence
  const port = { interface: event.interface ?? evidence.interfaces[event.port - 1], state: event.to }
  const ports = withEntry(evidence.ports, event.port, port)
  if (followsMaster(event.to)) {
    // The calibration starts again, perhaps with another master: earlier measurements say nothing about it.
    const measurements = event.to === "UNCALIBRATED" ? new Map<string, Measurement>() : evidence.measurements
    return { ...evidence, ports, followedPort: event.port, measurements }
  }
  // INITIALIZING comes before it when timemaster has started the ptp4l again.
  const isFromFollowing = followsMaster(event.from) || event.from === "INITIALIZING"
  const wasFollowing = event.port === evidence.followedPort && isFromFollowing
  return wasFollowing ? { ...evidence, ports, measurements: measurementsWithout(port) } : { ...evidence, ports }
}

/** A port that follows no master measures nothing. If it is FAULTY, that is shown as a special offset. */
const measurementsWithout = (port: ObservedPort): ReadonlyMap<string, Measurement> =>
  port.state === "FAULTY" && port.interface !== undefined
    ? new Map([[port.interface, faultyMeasurement("master")]])
    : new Map()

// clockadj.c, for all three programs. The leap second flags of the clock are not its rate.
const notSteered = /^failed to (?:adjust the clock|step clock|set the clock(?! status)|set clock status)/

const observeMessage = (evidence: ProgramEvidence, text: string, now: bigint): ProgramEvidence => {
  if (notSteered.test(text)) {
    const { refusal } = evidence
    const since = refusal === undefined || now - refusal.at > refusalPause ? now : refusal.since
    return { ...evidence, refusal: { since, at: now } }
  }
  switch (evidence.program) {
    case "ptp4l":
      return evidence
    case "phc2sys":
      return observePhc2sysMessage(evidence, text)
    case "ts2phc":
      return observeTs2phcMessage(evidence, text, now)
  }
}

// ts2phc.c, ts2phc_synchronize_clocks (4.4 and newer)
const lostHoldover = /^(\S+) lost holdover lock \(offset +(-?\d+)\)$/
// ts2phc.c, ts2phc_reconfigure
const noLongerSteered = /^(?:unselecting (\S+) for synchronization|selecting (\S+) as the reference clock)$/

/** A clock that gives up its holdover is measured once more. One that becomes the reference is measured no more. */
const observeTs2phcMessage = (evidence: ProgramEvidence, text: string, now: bigint): ProgramEvidence => {
  const [, clock, offset] = lostHoldover.exec(text) ?? []
  if (clock !== undefined) {
    const before = evidence.measurements.get(clock)
    const lost: OffsetEvent = {
      kind: "offset",
      clock,
      offsetNs: Number(offset),
      servoState: "s0",
      frequencyPpb: before?.frequencyPpb ?? 0,
      holdover: true
    }
    return observeMeasurement(evidence, lost, now)
  }
  const [, unselected, reference] = noLongerSteered.exec(text) ?? []
  const left = unselected ?? reference
  if (left === undefined || !evidence.measurements.has(left)) return evidence
  return { ...evidence, measurements: new Map([...evidence.measurements].filter(([name]) => name !== left)) }
}

// phc2sys.c, reconfigure and do_domain_loop: after these messages it compares nothing until it prints an offset again.
const lostSource = /^(?:nothing to synchronize|Waiting for ptp4l|no PHC ready|(?:source|master) clock not ready)/

// phc2sys.c, reconfigure: up to 4.0, for each of several ptp4l, and which of these the others follow too.
const sourceOfDomain = /^selecting (\S+) as (?:the master|domain source|source) clock$/
const sourceOfAll = /^selecting (\S+) as out-of-domain source clock$/

/**
 * After a reconfiguration other clocks may be sources, and sources are not measured. Only the measurement of the system
 * clock stays: linuxptp 4.1 and newer say nothing when the source is lost, but then no measurement follows.
 */
const observePhc2sysMessage = (evidence: ProgramEvidence, text: string): ProgramEvidence => {
  if (lostSource.test(text)) return { ...evidence, source: undefined, measurements: new Map() }
  const source = sourceOfAll.exec(text)?.[1] ?? evidence.source ?? sourceOfDomain.exec(text)?.[1]
  if (source !== evidence.source) return { ...evidence, source }
  if (!text.startsWith("reconfiguring after port state change")) return evidence
  return {
    ...evidence,
    source: undefined,
    measurements: new Map([...evidence.measurements].filter(([clock]) => clock === systemClock))
  }
}
