/**
 * What a line of linuxptp means: a measurement, a new state of a port, a new best master, a known fault, or just a
 * message. `parse`, the readiness of processes and the clock's state use it. It knows nothing about processes, and no
 * input makes it fail.
 */
import { hintForMessage } from "./KnownFaults.ts"
import { type LogFrame, parseLogFrame, withoutLineEnd } from "./LogLine.ts"
import { isPortState, type PortState } from "./PortState.ts"
import { type ServoState, servoState } from "./ServoState.ts"

/** One measurement (ptp4l clock.c, clock_synchronize; phc2sys.c and ts2phc.c, update_clock / ts2phc_synchronize_clocks). */
export interface OffsetEvent {
  readonly kind: "offset"
  /** What the clock is compared with: `master`, `phc`, `sys` or `pps`. */
  readonly source?: string
  /** The clock that is steered: CLOCK_REALTIME, a NIC or /dev/ptpN. ptp4l does not print it. */
  readonly clock?: string
  readonly offsetNs: number
  readonly servoState: ServoState
  readonly frequencyPpb: number
  readonly delayNs?: number
  /** ts2phc 4.4 and newer: the clock goes on without its reference. */
  readonly holdover?: true
}

/** Statistics of one summary interval (clock.c, clock_stats_display; phc2sys.c, update_clock_stats). The sign of the offset is lost. */
export interface SummaryEvent {
  readonly kind: "summary"
  readonly clock?: string
  readonly rmsNs: number
  readonly maxNs: number
  readonly frequencyPpb: number
  readonly frequencyStdDevPpb: number
  readonly delayNs?: number
  readonly delayStdDevNs?: number
}

/** A port changes its state (port.c, port_show_transition). Port 0 is the management socket. */
export interface PortStateEvent {
  readonly kind: "portState"
  readonly port: number
  /** Only printed by linuxptp 4.0 and newer. */
  readonly interface?: string
  readonly from: PortState
  readonly to: PortState
  readonly event: string
  readonly fault?: string
}

/** The outcome of the best master algorithm (clock.c, handle_state_decision_event). */
export interface BestMasterEvent {
  readonly kind: "bestMaster"
  readonly clockIdentity: string
  readonly local: boolean
}

export type LogEvent =
  | OffsetEvent
  | SummaryEvent
  | PortStateEvent
  | BestMasterEvent
  | { readonly kind: "fault"; readonly text: string; readonly hint: string }
  | { readonly kind: "message"; readonly text: string }

/** A line with its frame and its meaning; a line without a frame is a plain message. */
export type ParsedLogLine = Omit<LogFrame, "text"> & LogEvent | { readonly kind: "unframed"; readonly text: string }

// print.c writes at most 1024 bytes of a message, so a longer text does not come from linuxptp's log functions.
const longestMessage = 1024

// Each pattern is anchored at both ends, because lines such as "config item (null).utc_offset is 37" also contain "
// offset ". phc2sys 1.5 prints no clock, so a lone source label is never taken for a clock.
const offset =
  /^(?:(?!(?:master|phc|sys|pps) offset)(\S+) )?(?:(master|phc|sys|pps) )?offset +(-?\d+) s([0-3]) freq +([+-]?\d+)(?: (?:path )?delay +(-?\d+))?( holdover)?$/
const summary =
  /^(?:(\S+) )?rms +(-?\d+) max +(-?\d+) freq +([+-]?\d+) \+\/- +(-?\d+)(?: delay +(-?\d+) \+\/- +(-?\d+))?$/
// `port 1` up to linuxptp 3.1, `port 1 (eth0)` from 4.0 on. The name may be any text (eth0.100, br-ex,
// /run/a(b)/ptp4l).
const portState = /^port (\d{1,5})(?: \((.*?)\))?: ([A-Z_]+) to ([A-Z_]+) on ([A-Z_0-9]+)(?: \(([A-Z_0-9]+)\))?$/
const bestMaster =
  /^selected (?:best master clock|(local) clock) ([0-9a-f]{6}\.[0-9a-f]{4}\.[0-9a-f]{6})( as best master)?$/

/** Reads one line as linuxptp printed it. Every line has a result. */
export const parseLogLine = (line: string): ParsedLogLine => {
  const frame = parseLogFrame(line)
  if (frame === undefined) return { kind: "unframed", text: withoutLineEnd(line) }
  const { text, ...head } = frame
  return { ...head, ...parseLogEvent(text) }
}

/** Reads one message, which is a line without its frame and tag. */
export const parseLogEvent = (text: string): LogEvent => {
  if (text.length > longestMessage) return { kind: "message", text }
  const event = readOffset(text) ?? readSummary(text) ?? readPortState(text) ?? readBestMaster(text)
  if (event !== undefined) return event
  const hint = hintForMessage(text)
  return hint === undefined ? { kind: "message", text } : { kind: "fault", text, hint }
}

// printf prints -0 for small negative numbers. Zero has no sign in our output.
const toNumber = (digits: string | undefined): number => Number(digits) + 0

const readOffset = (text: string): LogEvent | undefined => {
  const match = offset.exec(text)
  if (match === null) return undefined
  const [, clock, source, offsetNs, servo, frequency, delay, holdover] = match
  return {
    kind: "offset",
    ...(source !== undefined && { source }),
    ...(clock !== undefined && { clock }),
    offsetNs: toNumber(offsetNs),
    servoState: servoState(servo),
    frequencyPpb: toNumber(frequency),
    ...(delay !== undefined && { delayNs: toNumber(delay) }),
    ...(holdover !== undefined && { holdover: true as const })
  }
}

const readSummary = (text: string): LogEvent | undefined => {
  const match = summary.exec(text)
  if (match === null) return undefined
  const [, clock, rms, max, frequency, frequencyStdDev, delay, delayStdDev] = match
  return {
    kind: "summary",
    ...(clock !== undefined && { clock }),
    rmsNs: toNumber(rms),
    maxNs: toNumber(max),
    frequencyPpb: toNumber(frequency),
    frequencyStdDevPpb: toNumber(frequencyStdDev),
    ...(delay !== undefined && { delayNs: toNumber(delay), delayStdDevNs: toNumber(delayStdDev) })
  }
}

const readPortState = (text: string): LogEvent | undefined => {
  const match = portState.exec(text)
  if (match === null) return undefined
  const [, port, nic, from = "", to = "", event = "", fault] = match
  if (!isPortState(from) || !isPortState(to)) return undefined
  return {
    kind: "portState",
    port: Number(port),
    ...(nic !== undefined && { interface: nic }),
    from,
    to,
    event,
    ...(fault !== undefined && { fault })
  }
}

const readBestMaster = (text: string): LogEvent | undefined => {
  const match = bestMaster.exec(text)
  if (match === null) return undefined
  const [, local, clockIdentity = ""] = match
  return { kind: "bestMaster", clockIdentity, local: local !== undefined }
}
