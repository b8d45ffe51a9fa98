/**
 * What a run of a linuxptp program that is over tells: whether its configuration was at fault, so that the next run
 * would end as this one did, and which of its last lines says why. Exit codes and texts as measured on 3.1.1 and 4.4.
 */
import { Duration } from "effect"
import type { OutputLine } from "../processes/ProcessRunner.ts"
import type { EndedRun } from "../processes/ProgramKnowledge.ts"
import { parseLogFrame, withoutFrame } from "./LogLine.ts"

/** True when the run ended because of its configuration. A signal or another exit code is a crash. */
export const isConfigurationError = ({ exit, lasted, lines, program }: EndedRun): boolean => {
  if ("signal" in exit) return false
  if (lines.some(({ stream, text }) => stream === "stderr" && isUsage(text))) return true
  if (program === "timemaster" && isTimemastersOwn(exit.code, lasted, lines)) return true
  if (exit.code === 1) return lines.some(({ stream, text }) => stream === "stderr" && text.startsWith("chrt: "))
  return isRefusal(exit.code) && Duration.isLessThan(lasted, startTakes)
}

/** ptp4l.c, phc2sys.c and ts2phc.c, main: 255 is -1, 254 is -2 (config_read). All of it takes some 10 ms. */
const isRefusal = (code: number): boolean => code === 254 || code === 255
const startTakes = Duration.seconds(1)

/**
 * timemaster.c, script_run: a child that ends within its first second is "likely a configuration error". With linuxptp
 * 4.x that takes a second longer, for which ptp4l looks for the socket of a chronyd that has ended.
 */
const timemasterStartTakes = Duration.seconds(2)

const isTimemastersOwn = (code: number, lasted: Duration.Duration, lines: EndedRun["lines"]): boolean => {
  const said = lines.flatMap(({ text }) => {
    const frame = parseLogFrame(text)
    return frame?.program === "timemaster" ? [frame.text] : []
  })
  // A child that is not installed: timemaster ends as if it had been asked to, with 0.
  if (said.some((text) => text.startsWith("failed to spawn "))) return true
  // The first child to end takes the others along; when that one crashed, it may not do so again.
  const isCrash = said.find((text) => childEnd.test(text))?.endsWith("abnormally") === true
  return code === 1 && !isCrash && Duration.isLessThan(lasted, timemasterStartTakes)
}

const childEnd = /^process \d+ terminated /

const isUsage = (text: string): boolean => /^usage: (?:ptp4l|phc2sys|ts2phc|timemaster) /.test(text)

/** Room for it in a status, as in the last exit of a process. */
const longestWords = 200

/**
 * The line of standard error that says why the run ended, without program and time; with the cause in front when the
 * line itself only says that something could not be done. Empty when nothing tells.
 */
export const lastWords = (lines: ReadonlyArray<OutputLine>): string => {
  const errors = lines.flatMap(({ stream, text }) => stream === "stderr" ? [text] : [])
  const fatal = errors.findLast((text) => chronydFatal.test(text))
  // chronyd's end is timemaster's, whatever the others said when they were ended for it.
  if (fatal !== undefined) return fatal.replace(chronydTime, "").slice(0, longestWords)
  const told = beforeUsage(errors).filter(isTelling).map(withoutFrame)
  const last = told.at(-1)
  if (last === undefined) return ""
  const cause = isConsequence(last) ? told.findLast((text) => !isConsequence(text)) : undefined
  return (cause === undefined ? last : `${cause}; ${last}`).slice(0, longestWords)
}

const chronydTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z /
const chronydFatal = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z Fatal error : /

/** Usage text has dozens of lines, and its head may be lost: its other lines are empty or begin with a blank. */
const beforeUsage = (errors: ReadonlyArray<string>): ReadonlyArray<string> => {
  const start = errors.findIndex(isUsage)
  return (start < 0 ? errors : errors.slice(0, start)).filter((text) => /^\S/.test(text))
}

/** chronyd tells on standard error what it does; ts2phc adds a line that tells nothing. */
const isTelling = (text: string): boolean => !chronydTime.test(text) && text !== "failed to read config"

/** Said by a caller of what failed, which stands before it: config.c, clock.c, phc2sys.c and ts2phc.c. */
const consequences = [
  /^failed to parse configuration file /,
  // With hardware stamps this is said of a NIC that could not be asked.
  /^PTP device not specified and automatic determination is not supported/,
  /^(?:\[\S+\] )?[Ff]ailed to create (?:a clock|clock servo|slave|sink|master|PPS source)$/,
  /^(?:\[\S+\] )?failed to (?:generate a clock identity|open clock|open port \S+)$/,
  /^failed to (?:add|arm) (?:slaves?|PPS sinks?)$/,
  /^failed to initialize PPS sinks$/,
  /^valid (?:source|destination) clock must be selected\.$/
]

const isConsequence = (text: string): boolean => consequences.some((pattern) => pattern.test(text))
