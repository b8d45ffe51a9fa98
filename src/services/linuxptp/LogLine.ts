/**
 * The frame of each line that a linuxptp program prints: `prog[sec.ms]: tag text`. Everything that reads linuxptp's
 * output starts here; LogEvent finds out what the text means.
 */

/** A line taken out of its frame. */
export interface LogFrame {
  /** `ptp4l`, `phc2sys`, `ts2phc`, … */
  readonly program: string
  /** Seconds of CLOCK_MONOTONIC, to the millisecond. */
  readonly uptime: number
  /** The `message_tag` exactly as printed, including its brackets. */
  readonly tag?: string
  /** The message without frame and tag. */
  readonly text: string
}

// linuxptp print.c: "%s[%lld.%03ld]: %s%s
// ". Only the start of a line is compared, because a message may contain text from the network.
const frame = /^([a-z][a-z0-9_]{1,30})\[(\d{1,12}\.\d{3})\]: /

// print.c cuts a tag at 128 bytes. A tag may be any text, but only one in brackets can be told from a message: no
// message of linuxptp starts with a bracket. timemaster and all known installations use brackets.
const tag = /^(\[[^\]\p{Cc}]{1,126}\]) (?=\S)/u

/**
 * Reads the frame of one line. Undefined if it has none, such as usage text, lines of chronyd and errors about options.
 */
export const parseLogFrame = (line: string): LogFrame | undefined => {
  const framed = frame.exec(line)
  if (framed === null) return undefined
  const [head, program = "", uptime] = framed
  const text = withoutLineEnd(line.slice(head.length))
  const tagged = tag.exec(text)
  return tagged?.[1] === undefined
    ? { program, uptime: Number(uptime), text }
    : { program, uptime: Number(uptime), tag: tagged[1], text: text.slice(tagged[0].length) }
}

/** The line without program name and time, which differ from run to run. The tag of a child of timemaster is kept. */
export const withoutFrame = (line: string): string => withoutLineEnd(line.replace(frame, ""))

/** Drops one line feed and one carriage return at the end. */
export const withoutLineEnd = (line: string): string => {
  const end = line.endsWith("\n") ? line.length - 1 : line.length
  return line.slice(0, line.endsWith("\r", end) ? end - 1 : end)
}
