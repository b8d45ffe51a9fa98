/**
 * Lines of linuxptp as people paste them: with what other programs put before the frame, and with any `message_tag`.
 * Only `parse` reads such lines. The daemon reads its children by LogEvent alone, because there nothing is before the
 * frame, and it sets no tag.
 */
import { type LogEvent, type OffsetEvent, type ParsedLogLine, parseLogEvent, type SummaryEvent } from "./LogEvent.ts"
import { type LogFrame, parseLogFrame, withoutLineEnd } from "./LogLine.ts"
import { framedLine } from "./PastedPrefix.ts"

/** An integer beyond 2^53 is a bigint here, so that it keeps all its digits. */
type Exact<A> = { readonly [K in keyof A]: A[K] extends number | undefined ? A[K] | bigint : A[K] }
export type ExactOffset = Exact<OffsetEvent>
export type ExactSummary = Exact<SummaryEvent>

/** What `parse` prints of a line. */
export type PastedLine =
  | Exclude<ParsedLogLine, { readonly kind: "offset" | "summary" }>
  | Omit<LogFrame, "text"> & (ExactOffset | ExactSummary)

/** The plain tags of a log so far, each behind its program. Only so many, because hostile lines may all differ. */
export type KnownTags = Set<string>
const mostTags = 64

/**
 * Reads one line. Without a frame it is handed on as it is. Every line has a result. A plain tag is learned from a line
 * where it cannot be anything else, and then known in every message.
 */
export const parsePastedLine = (line: string, known: KnownTags = new Set()): PastedLine => {
  const framed = framedLine(line)
  const frame = framed === undefined ? undefined : parseLogFrame(framed)
  if (frame === undefined) return { kind: "unframed", text: withoutLineEnd(line) }
  const { event, ...head } = withPlainTag(frame, known)
  if (event.kind !== "offset" && event.kind !== "summary") return { ...head, ...event }
  return { ...head, ...withAllDigits(event, frame.text) }
}

type TaggedEvent = Omit<LogFrame, "text"> & { readonly event: LogEvent }

// A tag without brackets can only be told from a message where the message behind it has a form of its own. It is one
// word: a message may end with text from the network, and what is before that text must not pass for a tag.
const tagged = /^(\S{1,126}) (.*)$/s
const ofPort = /^port \d{1,5}(?: \(.*?\))?: /

/** Finds a `message_tag` without brackets: in `ptp1 master offset …` of ptp4l, `ptp1` is no clock. */
const withPlainTag = ({ text, ...head }: LogFrame, known: KnownTags): TaggedEvent => {
  const event = parseLogEvent(text)
  if (head.tag !== undefined) return { ...head, event }
  if (head.program === "ptp4l" && (event.kind === "offset" || event.kind === "summary") && event.clock !== undefined) {
    // ptp4l steers one clock and never prints its name.
    const { clock: tag, ...rest } = event
    learn(known, head.program, tag)
    return { ...head, tag, event: rest }
  }
  if ((event.kind !== "message" && event.kind !== "fault") || text.length > 1024) return { ...head, event }
  const [, tag, message = ""] = tagged.exec(text) ?? []
  if (tag === undefined) return { ...head, event }
  const inner = parseLogEvent(message)
  const isSure = event.kind === "message" &&
    ((inner.kind !== "message" && inner.kind !== "fault") || ofPort.test(message))
  if (isSure) learn(known, head.program, tag)
  const isLikely = event.kind === "message" && inner.kind === "fault"
  const isTag = isSure || isLikely || known.has(`${head.program} ${tag}`)
  if (!isTag) return { ...head, event }
  if (head.program !== "ptp4l" || !("clock" in inner)) return { ...head, tag, event: inner }
  const { clock: second, ...rest } = inner
  return { ...head, tag: `${tag} ${second}`, event: rest }
}

const learn = (known: KnownTags, program: string, tag: string): void => {
  if (known.size < mostTags) known.add(`${program} ${tag}`)
}

/** The numbers of an event stand in the order of its line, so those that lost digits are found in it one by one. */
const withAllDigits = <A extends OffsetEvent | SummaryEvent>(event: A, text: string): Exact<A> => {
  const inexact = Object.entries(event).filter(([, value]) => typeof value === "number" && !Number.isSafeInteger(value))
  if (inexact.length === 0) return event
  const digits = text.match(/(?<= )[+-]?\d{16,}(?= |$)/g)?.filter((word) => !Number.isSafeInteger(Number(word))) ?? []
  const exact = inexact.map(([name], index) => [name, BigInt((digits[index] ?? "0").replace("+", ""))])
  return { ...event, ...Object.fromEntries(exact) }
}
