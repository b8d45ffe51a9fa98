/**
 * Bytes of a child's output to lines, with a bound on everything: a child that floods its output is read to the end,
 * because a full pipe would stop it and with it the clock, but only so many of its lines are handed on.
 */
import { StringDecoder } from "node:string_decoder"

/** linuxptp prints at most 1024 + 128 characters; what is longer is cut. */
const longestLine = 4_096
/** Lines handed on in one window; the rest of the window is read and dropped. */
const linesPerWindow = 2_000
const windowMillis = 250

const controlCharacters = /[\p{Cc}\u2028\u2029]/gu

/** Control characters made visible (`\x1b`), so that a line can't forge a second one or steer a terminal. */
export const escapeControlCharacters = (text: string): string =>
  text.replace(controlCharacters, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`
  })

export interface LineReader {
  /** Reads some bytes; `nowMillis` is monotonic. */
  readonly read: (bytes: Uint8Array, nowMillis: number) => void
  /** The output ended: hands on what is left without a newline. */
  readonly end: () => void
}

/** A reader that calls `onLine` for every line within the bounds. */
export const makeLineReader = (onLine: (text: string) => void): LineReader => {
  const decoder = new StringDecoder("utf8")
  let partial = ""
  /** The beginning of the line under way was dropped: the rest must not be taken for a line of its own. */
  let skipsRest = false
  let windowStart = -Infinity
  let inWindow = 0
  const emit = (line: string) => {
    if (skipsRest) skipsRest = false
    else onLine(escapeControlCharacters(line.slice(0, longestLine).replace(/\r$/, "")))
  }
  return {
    read: (bytes, nowMillis) => {
      if (nowMillis - windowStart >= windowMillis) {
        windowStart = nowMillis
        inWindow = 0
      }
      const text = decoder.write(bytes)
      if (inWindow >= linesPerWindow) {
        const last = text.lastIndexOf("\n")
        skipsRest = last < 0 && (skipsRest || partial + text !== "")
        partial = text.slice(last + 1, last + 1 + longestLine)
        return
      }
      const lines = (partial + text).split("\n")
      partial = (lines.pop() ?? "").slice(0, longestLine)
      for (const line of lines.slice(0, linesPerWindow - inWindow)) emit(line)
      inWindow += lines.length
    },
    end: () => {
      const rest = partial + decoder.end()
      partial = ""
      if (rest !== "") emit(rest)
    }
  }
}
