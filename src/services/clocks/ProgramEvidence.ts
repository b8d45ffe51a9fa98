/**
 * What one linuxptp program has said since its start: the states of its ports, its grandmaster and its newest
 * measurements. Here it is computed from the events in the program's log; ManagementEvidence adds what ptp4l tells on
 * its socket. Whichever of the two is newer counts. Pure: ClockVerdict decides whether this evidence makes a clock
 * locked.
 */
import { Schema } from "effect"
import type { LogEvent, OffsetEvent, PortStateEvent, SummaryEvent } from "../linuxptp/LogEvent.ts"
import { followsMaster } from "../linuxptp/PortState.ts"
import { mapValues, withEntry } from "./BoundedMap.ts"
import type { LineTimes } from "./LineTimes.ts"
import { lineBesideSocket, measurementOf, type OffsetSource, validMeasurement } from "./Measurement.ts"
import { isOutdated, type ObservedPort, type PortEvidence, type Told, withPortState } from "./PortEvidence.ts"
import { observeSourceMessage, type SourceEvidence, systemClock } from "./SourceEvidence.ts"

/** The programs that measure a clock. */
const ClockProgram = Schema.Literals(["ptp4l", "phc2sys", "ts2phc"])
export type ClockProgram = typeof ClockProgram.Type

export const isClockProgram = Schema.is(ClockProgram)

/** What a ptp4l has told on its management socket, apart from what its log tells too. Times are monotonic. */
export interface ManagementEvidence {
  /** When it was heard last. */
  readonly heardAt: bigint
  /** The time of the first question that was not answered; undefined while it answers. */
  readonly silentSince: bigint | undefined
  /** What was told of the servo's last sample; undefined before that. */
  readonly sample: { readonly offsetNs: number; readonly ingressTime: bigint } | undefined
  readonly clockClass: number | undefined
  /** How many boundary clocks are between this clock and its grandmaster, plus 1. */
  readonly stepsRemoved: number | undefined
}

/** What is known of one program from its own lines. */
export interface ProgramEvidence extends PortEvidence, SourceEvidence {
  readonly program: ClockProgram
  /** NICs in port order. */
  readonly interfaces: ReadonlyArray<string>
  /** The master that the best master algorithm selected last; undefined if that was the local clock. */
  readonly bestMaster: string | undefined
  readonly bestMasterTold: Told | undefined
  /** `max` of the last summary; undefined if there was none. */
  readonly summaryMaxNs: number | undefined
  /** When a line with a measurement was printed last, in monotonic nanoseconds. */
  readonly lineAt: bigint
  /** Undefined until the first answer on the management socket. */
  readonly management: ManagementEvidence | undefined
  /** How often the program prints a measurement at least, in nanoseconds; undefined if its configuration is not known. */
  readonly printInterval: bigint | undefined
  /** When the program began to say that it cannot steer its clock, and when it said so last. */
  readonly refusal: Refusal | undefined
}

/** Times are monotonic nanoseconds. */
interface Refusal {
  readonly since: bigint
  readonly at: bigint
  /** True if it cannot be about the system clock: the kernel refuses that one a rate only for want of a right. */
  readonly isOfPhc: boolean
}

/** A refusal after a longer pause is a new one. */
const refusalPause = 10_000_000_000n

/** A program that has said nothing yet. */
export const noEvidence = (
  program: ClockProgram,
  interfaces: ReadonlyArray<string>,
  printInterval?: bigint
): ProgramEvidence => ({
  program,
  interfaces,
  ports: new Map(),
  followedPort: undefined,
  bestMaster: undefined,
  bestMasterTold: undefined,
  measurements: new Map(),
  summaryMaxNs: undefined,
  lineAt: 0n,
  management: undefined,
  printInterval,
  source: undefined,
  hasSeveralSources: false,
  refusal: undefined
})

/**
 * The evidence after one more event. Returns the same object if the event says nothing about a clock, or something that
 * the socket has told since.
 */
export const observeEvent = (evidence: ProgramEvidence, event: LogEvent, times: LineTimes): ProgramEvidence => {
  switch (event.kind) {
    case "offset":
    case "summary":
      return observeMeasurement(evidence, event, times)
    case "portState":
      return observePort(evidence, event, times)
    case "bestMaster":
      return withBestMaster(evidence, event.local ? undefined : event.clockIdentity, { by: "log", at: times.saidAt })
    case "message":
    case "fault":
      return observeMessage(evidence, event.text, times)
  }
}

/** The evidence without the values whose time is over. Returns the same object if all are valid. */
export const withValidMeasurements = (evidence: ProgramEvidence, now: bigint): ProgramEvidence => {
  const measurements = mapValues(evidence.measurements, (one) => validMeasurement(one, now))
  return [...measurements].every(([name, one]) => one === evidence.measurements.get(name))
    ? evidence
    : { ...evidence, measurements }
}

/** The port that follows a master at this moment. */
export const followingPort = ({ followedPort, ports }: ProgramEvidence): ObservedPort | undefined => {
  const port = followedPort === undefined ? undefined : ports.get(followedPort)
  return port !== undefined && followsMaster(port.state) ? port : undefined
}

/** The port that follows a master, or was the last to follow one. */
export const lastFollowingPort = ({ followedPort, ports }: ProgramEvidence): ObservedPort | undefined =>
  followedPort === undefined ? undefined : ports.get(followedPort)

const observeMeasurement = (
  evidence: ProgramEvidence,
  event: OffsetEvent | SummaryEvent,
  { now, saidAt }: LineTimes
): ProgramEvidence => {
  const { management, measurements, printInterval, program } = evidence
  const clock = program === "ptp4l" ? followingPort(evidence)?.interface : event.clock ?? systemClock
  // An offset without a known NIC would become a metric without a name.
  if (clock === undefined) return evidence
  const before = measurements.get(clock)
  const line = measurementOf(event, sourceOf(program, event), now, before, printInterval)
  const isAnswering = management !== undefined && management.silentSince === undefined
  const measurement = isAnswering ? lineBesideSocket(before, line) : line
  return {
    ...evidence,
    lineAt: saidAt,
    summaryMaxNs: event.kind === "summary" ? event.maxNs : undefined,
    // ptp4l steers one clock, so the NIC that was followed before has no offset any more.
    measurements: program === "ptp4l" ? new Map([[clock, measurement]]) : withEntry(measurements, clock, measurement)
  }
}

const sourceOf = (program: ClockProgram, event: OffsetEvent | SummaryEvent): OffsetSource => {
  if (program !== "phc2sys") return "master"
  const source = event.kind === "offset" ? event.source : undefined
  return source === "sys" || source === "pps" ? source : "phc"
}

// Port 0 is ptp4l's management socket, not a NIC.
const observePort = (evidence: ProgramEvidence, event: PortStateEvent, { saidAt }: LineTimes): ProgramEvidence => {
  if (evidence.program !== "ptp4l" || event.port === 0) return evidence
  const nic = event.interface ?? evidence.interfaces[event.port - 1]
  return withPortState(evidence, event.port, { interface: nic, state: event.to, told: { by: "log", at: saidAt } })
}

/** The evidence after the best master algorithm has selected a clock; undefined is the local one. */
export const withBestMaster = (
  evidence: ProgramEvidence,
  bestMaster: string | undefined,
  bestMasterTold: Told
): ProgramEvidence =>
  isOutdated(bestMasterTold, evidence.bestMasterTold) ? evidence : { ...evidence, bestMaster, bestMasterTold }

// clockadj.c, for all three programs. The leap second flags of the clock are not its rate.
const notSteered = /^failed to (?:adjust the clock|step clock|set the clock(?! status)|set clock status)/

const observeMessage = (evidence: ProgramEvidence, text: string, times: LineTimes): ProgramEvidence => {
  if (notSteered.test(text)) {
    const { refusal } = evidence
    const { now } = times
    const since = refusal === undefined || now - refusal.at > refusalPause ? now : refusal.since
    const isOfPhc = text.startsWith("failed to adjust the clock: ") && !text.endsWith("Operation not permitted")
    return { ...evidence, refusal: { since, at: now, isOfPhc } }
  }
  switch (evidence.program) {
    case "ptp4l":
      return evidence
    case "phc2sys":
      return observeSourceMessage(evidence, text, times.now)
    case "ts2phc":
      return observeTs2phcMessage(evidence, text, times)
  }
}

// ts2phc.c, ts2phc_synchronize_clocks (4.4 and newer)
const lostHoldover = /^(\S+) lost holdover lock \(offset +(-?\d+)\)$/
// ts2phc.c, ts2phc_reconfigure
const noLongerSteered = /^(?:unselecting (\S+) for synchronization|selecting (\S+) as the reference clock)$/

/** A clock that gives up its holdover is measured once more. One that becomes the reference is measured no more. */
const observeTs2phcMessage = (evidence: ProgramEvidence, text: string, times: LineTimes): ProgramEvidence => {
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
    return observeMeasurement(evidence, lost, times)
  }
  const [, unselected, reference] = noLongerSteered.exec(text) ?? []
  const left = unselected ?? reference
  if (left === undefined || !evidence.measurements.has(left)) return evidence
  return { ...evidence, measurements: new Map([...evidence.measurements].filter(([name]) => name !== left)) }
}
