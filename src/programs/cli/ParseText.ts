/** Formats one line of linuxptp's output for `parse`: as a JSON object for programs, or as a sentence for people. */
import type { PortStateEvent } from "../../services/linuxptp/LogEvent.ts"
import type { ExactOffset, ExactSummary, PastedLine } from "../../services/linuxptp/PastedLine.ts"

/** C1 controls and line separators. JSON does not escape them, but terminals and line readers may act on them. */
const unsafeInJson = /[\u007f-\u009f\u2028\u2029]/g
/** Also direction marks and other format characters, which change how the rest of the line looks. */
const unsafeInText = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

const escapeCharacter = (character: string): string =>
  `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`

/** One JSON object on one line, with fields that other programs rely on. It contains no control character. */
export const renderEventJson = (event: PastedLine): string =>
  jsonObject(event.kind === "offset" ? { ...event, holdover: undefined } : event)
    .replace(unsafeInJson, escapeCharacter)

/** JSON.stringify does not know bigint, but JSON has integers of any length. */
const jsonObject = (event: object): string => {
  const fields = Object.entries(event)
  if (!fields.some(([, value]) => typeof value === "bigint")) return JSON.stringify(event)
  const given = fields.filter(([, value]) => value !== undefined)
  return `{${
    given.map(([name, value]) => `"${name}":${typeof value === "bigint" ? value : JSON.stringify(value)}`).join(",")
  }}`
}

/**
 * One sentence; a fault has a second line with its hint. Control characters are escaped, because they may come from the
 * network.
 */
export const renderEventText = (event: PastedLine): string =>
  sentences(event).map((sentence) => sentence.replace(unsafeInText, escapeCharacter)).join("\n")

const sentences = (event: PastedLine): ReadonlyArray<string> => {
  if (event.kind === "unframed") return [`${margin}  ${event.text}`]
  const head = [event.uptime.toFixed(3).padStart(12), event.program.padEnd(10), ...(event.tag ? [event.tag] : [])]
  const line = (text: string): string => [...head, text].join(" ")
  switch (event.kind) {
    case "offset":
      return [line(offsetText(event))]
    case "summary":
      return [line(summaryText(event))]
    case "portState":
      return [line(portStateText(event))]
    case "bestMaster":
      return [line(`best master is ${event.clockIdentity}${event.local ? ", this clock itself" : ""}`)]
    case "fault":
      return [line(`fault: ${event.text}`), `${margin}  hint: ${event.hint}`]
    case "message":
      return [line(event.text)]
  }
}

/** The width of uptime and program name. */
const margin = " ".repeat(12 + 1 + 10)

const signed = (value: number | bigint): string => (value < 0 ? `${value}` : `+${value}`)

const offsetText = ({ clock, delayNs, frequencyPpb, holdover, offsetNs, servoState, source }: ExactOffset): string =>
  [
    `${clock === undefined ? "" : `${clock} `}offset ${offsetNs} ns${source === undefined ? "" : ` from ${source}`}`,
    servoState,
    `frequency ${signed(frequencyPpb)} ppb`,
    ...(delayNs === undefined ? [] : [`delay ${delayNs} ns`]),
    ...(holdover === true ? ["holdover"] : [])
  ].join(", ")

const summaryText = (event: ExactSummary): string =>
  [
    `${event.clock === undefined ? "" : `${event.clock} `}offset rms ${event.rmsNs} ns`,
    `max ${event.maxNs} ns`,
    `frequency ${signed(event.frequencyPpb)} ± ${event.frequencyStdDevPpb} ppb`,
    ...(event.delayNs === undefined ? [] : [`delay ${event.delayNs} ± ${event.delayStdDevNs ?? 0} ns`])
  ].join(", ")

const portStateText = ({ event, fault, from, interface: nic, port, to }: PortStateEvent): string =>
  `port ${port}${nic === undefined ? "" : ` (${nic})`}: ${from} -> ${to} on ${event}${
    fault === undefined ? "" : ` (${fault})`
  }`
