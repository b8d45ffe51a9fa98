/**
 * Explains to a person why a running program is not ready: what to check, and its last lines. These lines need not be
 * faults: waiting is normal at a start, but after half a minute it is the answer.
 */
import { hintForMessage } from "./KnownFaults.ts"
import { parseLogLine } from "./LogEvent.ts"
import { parseLogFrame, withoutFrame } from "./LogLine.ts"
import type { Program } from "./Program.ts"

const shownLines = 3
const shownLength = 120

/** One sentence, with a hint if one is known, then the last different lines, oldest first. */
export const whyNotReady = (program: Program, lines: ReadonlyArray<string>): string => {
  const shown = [...new Set(lines.map(withoutFrame))].filter((text) => text.trim() !== "").slice(-shownLines)
  if (shown.length === 0) return `it printed nothing: ${silence[program]}`
  const last = `last lines: ${shown.map((text) => text.slice(0, shownLength)).join(" | ")}`
  const hint = newestHint(lines) ?? stuckPort(lines) ?? otherwise[program]
  return hint === undefined ? last : `${hint} (${last})`
}

const newestHint = (lines: ReadonlyArray<string>): string | undefined => {
  for (const line of lines.toReversed()) {
    const text = parseLogFrame(line)?.text ?? line
    const hint = waiting.find(({ pattern }) => pattern.test(text))?.hint ?? hintForMessage(text)
    if (hint !== undefined) return hint
  }
  return undefined
}

/**
 * phc2sys.c and ts2phc.c, reconfigure and auto_init_ports; ts2phc_nmea_pps_source.c. These messages are no faults in
 * themselves.
 */
const waiting: ReadonlyArray<{ readonly pattern: RegExp; readonly hint: string }> = [
  {
    pattern: /^Waiting for ptp4l/,
    hint: "ptp4l does not answer: its domainNumber, transportSpecific or management socket is another one"
  },
  {
    pattern: /^no PHC ready, waiting/,
    hint: "no port of ptp4l with a PTP hardware clock is up: look at ptp4l's ports, their links and their time stamping"
  },
  {
    pattern: /^(?:source|master|reference) clock not ready, waiting/,
    hint: "ptp4l hears a master but has not locked to it yet: its port is still UNCALIBRATED"
  },
  {
    pattern: /^nmea: no valid rmc fix/,
    hint: "the GNSS receiver has no fix yet: check its antenna, and give it some minutes after a cold start"
  }
]

/**
 * Finds a port that stays in a state in which it cannot work, if nothing else gives a reason. Port 0 is the management
 * socket.
 */
const stuckPort = (lines: ReadonlyArray<string>): string | undefined => {
  const states = new Map<number, string>()
  for (const line of lines) {
    const event = parseLogLine(line)
    if (event.kind === "portState" && event.port > 0) states.set(event.port, event.to)
  }
  const stuck = [...states].filter(([, state]) => hintForState.has(state)).map(([port]) => port)
  const state = states.get(stuck[0] ?? 0)
  return state === undefined ? undefined : `port ${stuck.join(", ")}: ${hintForState.get(state) ?? ""}`
}

const hintForState: ReadonlyMap<string, string> = new Map([
  ["FAULTY", "still FAULTY: check the link, the NIC's time stamping and the messages before"],
  ["INITIALIZING", "still INITIALIZING: the interface is down or has no address yet"],
  ["DISABLED", "DISABLED by its configuration or a management message"]
])

const noPulse =
  "no pulse arrives: check the cable of the 1PPS, ts2phc.channel, ts2phc.pin_index and ts2phc.extts_polarity"

/** What it means if a program prints nothing. ts2phc prints its first line only after a pulse has arrived. */
const silence: Readonly<Record<Program, string>> = {
  ptp4l: "it has not got as far as its ports; a driver may hold it up",
  phc2sys: "it compares no clocks; is its source the clock that it steers?",
  ts2phc: noPulse,
  timemaster: "it has started no program yet; a driver may hold it up"
}

const otherwise: Readonly<Partial<Record<Program, string>>> = { ts2phc: noPulse }
