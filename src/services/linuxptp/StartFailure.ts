/**
 * Judges a run of a linuxptp program that has ended: whether its configuration was the cause, so that the next run
 * would end in the same way, and which of its last lines gives the reason. Exit codes and texts were measured with
 * 3.1.1 and 4.4.
 */
import { Duration } from "effect"
import type { OutputLine } from "../processes/ProcessRunner.ts"
import type { EndedRun } from "../processes/ProgramKnowledge.ts"
import { parseLogFrame, withoutFrame } from "./LogLine.ts"

/** True if the run ended because of its configuration. A signal or any other exit code is a crash. */
export const isConfigurationError = ({ exit, lasted, lines, program }: EndedRun): boolean => {
  if ("signal" in exit) return false
  if (lines.some(({ stream, text }) => stream === "stderr" && isUsage(text))) return true
  if (program === "timemaster" && isTimemastersOwn(exit.code, lasted, lines)) return true
  if (exit.code === 1) return lines.some(({ stream, text }) => stream === "stderr" && text.startsWith("chrt: "))
  return isRefusal(exit.code) && Duration.isLessThan(lasted, startTakes)
}

/** ptp4l.c, phc2sys.c and ts2phc.c, main: 255 is -1, 254 is -2 (config_read). Such a run takes some 10 ms. */
const isRefusal = (code: number): boolean => code === 254 || code === 255
const startTakes = Duration.seconds(1)

/**
 * timemaster.c, script_run: a child that ends within its first second is "likely a configuration error". With linuxptp
 * 4.x this takes a second longer, because ptp4l waits for the socket of a chronyd that has already ended.
 */
const timemasterStartTakes = Duration.seconds(2)

const isTimemastersOwn = (code: number, lasted: Duration.Duration, lines: EndedRun["lines"]): boolean => {
  const said = lines.flatMap(({ text }) => {
    const frame = parseLogFrame(text)
    return frame?.program === "timemaster" ? [frame.text] : []
  })
  // A child is not installed: then timemaster ends with 0, as after a request to stop.
  if (said.some((text) => text.startsWith("failed to spawn "))) return true
  // The first child that ends makes timemaster end all others. If that child crashed, the next run may work.
  const isCrash = said.find((text) => childEnd.test(text))?.endsWith("abnormally") === true
  return code === 1 && !isCrash && Duration.isLessThan(lasted, timemasterStartTakes)
}

const childEnd = /^process \d+ terminated /

const isUsage = (text: string): boolean => /^usage: (?:ptp4l|phc2sys|ts2phc|timemaster) /.test(text)

/** So that it fits into a status, as the last exit of a process does. */
const longestWords = 200

/**
 * The line of standard error that says why the run ended, without program name and time. If that line only says that
 * something could not be done, the cause is put in front. Empty if no line gives a reason.
 */
export const lastWords = (lines: ReadonlyArray<OutputLine>): string => {
  const errors = lines.flatMap(({ stream, text }) => stream === "stderr" ? [text] : [])
  const fatal = errors.findLast((text) => chronydFatal.test(text))
  // When chronyd ends, timemaster ends. What the other children said when they were stopped is no reason.
  if (fatal !== undefined) return fatal.replace(chronydTime, "").slice(0, longestWords)
  const told = beforeUsage(errors).filter(isTelling).map(withoutFrame)
  const last = told.at(-1)
  if (last === undefined) return ""
  const cause = isConsequence(last) ? told.findLast((text) => !isConsequence(text)) : undefined
  return (cause === undefined ? last : `${cause}; ${last}`).slice(0, longestWords)
}

const chronydTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z /
const chronydFatal = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z Fatal error : /

/** Usage text has dozens of lines, and its first lines may be lost. Its other lines are empty or begin with a blank. */
const beforeUsage = (errors: ReadonlyArray<string>): ReadonlyArray<string> => {
  const start = errors.findIndex(isUsage)
  return (start < 0 ? errors : errors.slice(0, start)).filter((text) => /^\S/.test(text))
}

/** chronyd reports its normal work on standard error, and ts2phc adds a line without information. */
const isTelling = (text: string): boolean => !chronydTime.test(text) && text !== "failed to read config"

/**
 * These lines come from the caller of the function that failed; the cause is the line before: config.c, clock.c,
 * phc2sys.c and ts2phc.c.
 */
const consequences = [
  /^failed to parse configuration file /,
  // With hardware time stamping linuxptp prints this for a NIC that could not be asked.
  /^PTP device not specified and automatic determination is not supported/,
  /^(?:\[\S+\] )?[Ff]ailed to create (?:a clock|clock servo|slave|sink|master|PPS source)$/,
  /^(?:\[\S+\] )?failed to (?:generate a clock identity|open clock|open port \S+)$/,
  /^failed to (?:add|arm) (?:slaves?|PPS sinks?)$/,
  /^failed to initialize PPS sinks$/,
  /^valid (?:source|destination) clock must be selected\.$/
]

const isConsequence = (text: string): boolean => consequences.some((pattern) => pattern.test(text))
