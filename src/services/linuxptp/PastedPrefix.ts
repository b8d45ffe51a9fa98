/**
 * What other programs put before linuxptp's frame when its lines go through kubectl, a container runtime, journald,
 * syslog, grep or this daemon's own log. PastedLine takes it off. Only the very beginning of a line is looked at, so a
 * frame inside a message stays a part of the message.
 */
import { Predicate, Result } from "effect"
import { parseLogEvent } from "./LogEvent.ts"

/** A line from its frame on, or undefined if it has no frame. */
export const framedLine = (line: string): string | undefined => {
  let rest = bare(line)
  // Such as kubectl's prefix and time stamp, then the runtime's time stamp and stream, then a journal's header.
  for (let round = 0; round < mostPrefixes; round += 1) {
    const found = frameAtStart(rest)
    if (found !== undefined) return found
    if (rest.startsWith("{")) return framedInJson(rest)
    const logged = syslogHeader.exec(rest) ?? syslogHeader5424.exec(rest)
    if (logged !== null) return messageOf(logged, rest.slice(logged[0].length))
    const prefix = prefixes.find((one) => one.test(rest))
    if (prefix === undefined) return undefined
    rest = rest.replace(prefix, "")
  }
  return undefined
}

const mostPrefixes = 8

/** Colours, and nothing else that a terminal obeys: that is no decoration and must stay visible. */
const colours = new RegExp(String.raw`\u001b(?:\[[0-9;:]{0,40}[mK]|\(B)`, "g")

/** The line without colours, and without a byte order mark and blanks before it. */
const bare = (line: string): string =>
  (line.includes("\u001b") ? line.replace(colours, "") : line).replace(/^[\s\ufeff]{1,100}/, "")

const frame = String.raw`[a-z][a-z0-9_]{1,30}\[\d{1,12}\.\d{3}\]: `
const frameStart = new RegExp(`^${frame}`)
/** The daemon in Go glues its tag to the frame, and its own lines of this form have no milliseconds. */
const gluedFrame = /^([a-z][a-z0-9_]{1,30}\[\d{1,12})(\.\d{3})?\]:(?=\[)/
/** What linuxptp gives to syslog: the name of the program is not in it (print.c). */
const syslogFrame = /^(\[\d{1,12}\.\d{3}\]) /

const frameAtStart = (text: string): string | undefined => {
  if (frameStart.test(text)) return text
  if (gluedFrame.test(text)) return text.replace(gluedFrame, (_, start: string, ms = ".000") => `${start}${ms}]: `)
  return syslogFrame.test(text) ? named(likelyProgram(text) ?? "linuxptp", text) : undefined
}

const named = (program: string, text: string): string => text.replace(syslogFrame, `${program}$1: `)

/** The program that prints messages like this one. */
const likelyProgram = (text: string): string | undefined => {
  const event = parseLogEvent(text.replace(syslogFrame, ""))
  if (event.kind === "portState" || event.kind === "bestMaster") return "ptp4l"
  if (event.kind === "summary") return event.clock === undefined ? "ptp4l" : "phc2sys"
  if (event.kind !== "offset") return undefined
  if (event.clock === undefined) return event.source === "master" ? "ptp4l" : "phc2sys"
  return event.source === undefined || event.source === "master" ? "ts2phc" : "phc2sys"
}

const date = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?: ?(?:Z|[+-]\d\d:?\d\d|[A-Z]{3,5}))?`
const shortDate = String.raw`\p{L}{2,5}\.? [ \d]\d(?: \d{4})? \d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?: [A-Z]{3,5}| \d{4})?`
const monotonic = String.raw`\[ {0,12}\d{1,9}\.\d{6}(?: <[ .\d]{1,20}>)?\]`
const time = String.raw`(?:(?:\p{L}{2,3}\.? )?(?:${date}|${shortDate})|\d{9,11}\.\d{1,9}|${monotonic})\s{1,4}`
const host = String.raw`[\w.:-]{1,253} `
/** Facility and severity in words, as BusyBox writes them. */
const facility = String.raw`[a-z]{2,8}\d?\.[a-z]{3,7} `

/** A time stamp with or without a host, the sender, and its pid. Both are optional where linuxptp is the sender. */
const syslogHeader = new RegExp(
  String.raw`^(${time}(?:${host})?(?:${facility})?)?([\w.@:\\/-]{1,253}?)(\[\d{1,10}\])?: `,
  "u"
)
/** RFC 5424; its structured data may contain escaped brackets. */
const syslogHeader5424 =
  /^(<\d{1,3}>1 \S{1,40} \S{1,255}) (\S{1,48}) (\S{1,128}) \S{1,32} (?:-|(?:\[(?:\\.|[^\]\\]){0,2000}\]){1,20}) \ufeff?/

const program = /(?:^|\/)(ptp4l|phc2sys|ts2phc|timemaster|pmc|phc_ctl|nsm|tz2alt)(?![a-z0-9_])/

const messageOf = ([, head, sender = "", pid]: RegExpExecArray, message: string): string | undefined => {
  const known = program.exec(sender)?.[1]
  const text = bare(message)
  if (syslogFrame.test(text)) {
    const printedBy = known ?? likelyProgram(text)
    return printedBy === undefined ? undefined : named(printedBy, text)
  }
  // Without a time and a pid, `word: ` is no header but the beginning of a message.
  if (head === undefined || (pid === undefined && known === undefined)) return undefined
  return text.startsWith("{") ? framedInJson(text) : frameAtStart(text)
}

/** The fields in which log formats keep the line: ours, docker's, journald's. */
const textFields = ["message", "log", "MESSAGE", "msg"]

/** A line in the text field of an object. Docker's object may contain one of ours. */
const framedInJson = (text: string, canNest = true): string | undefined => {
  const value = Result.getOrUndefined(Result.try((): unknown => JSON.parse(text)))
  if (!Predicate.isObject(value)) return undefined
  const fields = new Map<string, unknown>(Object.entries(value))
  const inner = textFields.map((field) => fields.get(field)).find(Predicate.isString)
  if (inner === undefined) return undefined
  const line = bare(inner)
  if (canNest && line.startsWith("{")) return framedInJson(line, false)
  const sender = fields.get("SYSLOG_IDENTIFIER")
  const known = typeof sender === "string" ? program.exec(sender)?.[1] : undefined
  return known !== undefined && syslogFrame.test(line) ? named(known, line) : frameAtStart(line)
}

/** Each is taken off where it stands at the beginning. */
const prefixes: ReadonlyArray<RegExp> = [
  // Quoted text, and numbers of lines.
  /^(?:> ?){1,4}/,
  /^\d{1,9}(?::(?!\d\d:\d\d)|-(?!\d\d-)|\t| {1,4})/,
  // grep with names of files.
  /^[\w./@-]{0,200}?(?:log|txt|messages|journal)[\w.]{0,60}[:-](?:\d{1,9}[:-])?/,
  // Facility and severity.
  /^<\d{1,3}>/,
  // kubectl logs --prefix, and docker compose.
  /^\[(?:pod|container|job|daemonset)\/[^\]\s]{1,500}\] /,
  /^[\w.@-]{1,100} {1,40}\| /,
  // The time of loggers, and the host: this word is one only before a frame.
  new RegExp(String.raw`^${time}(?:${host}(?=${frame}))?`, "u"),
  // The time of kubectl and container runtimes, in nanoseconds, and the stream.
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7,9}(?:Z|[+-]\d\d:\d\d) /,
  /^(?:stdout|stderr) [FP] /,
  // Programs of Kubernetes (klog), and this daemon with LOG_FORMAT=pretty.
  /^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} {1,8}\d{1,9} [\w./-]{1,100}:\d{1,6}\] /,
  /^\[\d\d:\d\d:\d\d\.\d{3}\] [A-Z]{4,7} \(#\d{1,9}\)[^:]{0,80}: /,
  // Scripts, and ts of moreutils.
  new RegExp(String.raw`^(?:\[${date}\]|\[?\d\d:\d\d:\d\d(?:[.,]\d{1,6})?\]?) `)
]
