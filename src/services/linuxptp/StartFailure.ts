/**
 * Judges a run of a linuxptp program that has ended: whether it complained of the text that it was given, so that the
 * next run would end in the same way, and which of its last lines gives the reason. Exit codes and texts are those of
 * linuxptp 3.1 to 4.4 (config.c, util.c, main of each program) and of chrony's conf.c.
 */
import type { OutputLine } from "../processes/ProcessRunner.ts"
import type { EndedRun } from "../processes/ProgramKnowledge.ts"
import { parseLogFrame, withoutFrame } from "./LogLine.ts"

/**
 * True if the program complained of its options or of the text of its configuration. Everything else may be different
 * at the next start: a device that is busy, a file that cannot be opened, a missing permission, a signal. The exit code
 * does not tell the two apart: linuxptp ends with 255 for both.
 */
export const isConfigurationError = ({ exit, lines }: EndedRun): boolean => {
  if ("signal" in exit || exit.code === 0) return false
  const errors = lines.flatMap(({ stream, text }) => stream === "stderr" ? [text] : [])
  return lines.some(({ text }) => isAboutText(text)) || (errors.some(isPartOfUsage) && !errors.some(isMissingClock))
}

/** The first lines of a usage text may be lost. */
const isPartOfUsage = (text: string): boolean => isUsage(text) || /^ -h {2,}prints this message and exits/.test(text)

/** phc2sys.c up to 3.1 prints its usage also for a device that it cannot open. */
const isMissingClock = (text: string): boolean => /^valid (?:source|destination) clock must be selected/.test(text)

const isAboutText = (line: string): boolean => {
  if (chronydFatal.test(line)) return chronydTextFault.test(line)
  const text = parseLogFrame(line)?.text ?? line.replace(childTag, "")
  const message = text.replace(portPrefix, "")
  return textFaults.some((pattern) => pattern.test(message))
}

/** timemaster tags the lines of its ptp4l: `[0:eth0] `. */
const childTag = /^\[[^\]]{1,126}\] /
const portPrefix = /^port \d{1,5}(?: \(.*?\))?: /

/** chrony conf.c, command_parse_error, other_parse_error: `… at line 3 in file /run/…`. */
const chronydTextFault = / at line \d+(?: in file |$)/

const textFaults: ReadonlyArray<RegExp> = [
  // config.c: a line, a section, an option or a value of the file; or `--name value`.
  /^failed to parse configuration file /,
  /^unknown option /,
  /^\S.{0,200} is an? (?:bad|malformed|out of range) value for option /,
  /^line \d+(?::| is not in a section)/,
  /^could not parse (?:port name on )?line \d+/,
  /^bad master table at line /,
  /^one step is only possible with hardware time stamping/,
  // util.c: the value of a one-letter option.
  /^-\w: \S+ is (?:a malformed value|out of range)/,
  /^bad (?:IPv4|IPv6|Layer-2) address/,
  // main of ptp4l.c, phc2sys.c and ts2phc.c; often usage text follows.
  /^(?:no interface|no slave clocks|no PPS (?:sinks|source)) specified/,
  /^(?:BC|TC) needs at least two interfaces/,
  /^(?:P2P|E2E)_TC needs \w+ delay mechanism/,
  /^too many (?:domains|PPS sources|sink clocks|time sources)/,
  /^path \S+ too long/,
  // clock.c, port.c, unicast_client.c, sad.c.
  /^invalid /,
  /^Cannot mix 1588 /,
  /^Please enable at least one of /,
  /^(?:P2P|E2E) TC needs \w+ ports/,
  /^no table with id /,
  /^bad peer address: /,
  /^(?:spp|active_key_id|sa_file)(?: or active_key_id)? (?:not|needs|set|required)/,
  // timemaster.c
  /^unknown (?:section|(?:ntp_server|ptp_domain|program|timemaster) setting|ntp program) /,
  /^(?:missing address for ntp_server|no interfaces specified for ptp_domain)/,
  /^(?:settings outside section|no configuration file specified)/
]

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
