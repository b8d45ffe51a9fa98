/**
 * Bytes of a child's output to lines, with a bound on everything: a child that floods its output is read to the end,
 * because a full pipe would stop it and with it the clock, but only so many of its lines are handed on. Only these are
 * decoded; a newline's byte is part of no other character, so lines can be told apart without that.
 */
/** Some four times what the programs print at most; what is longer is cut. */
const longestLine = 4_096
/** No character needs more bytes for each of its UTF-16 units; the rest is for one that is cut in the middle. */
const longestLineBytes = 3 * longestLine + 4
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
  readonly read: (bytes: Buffer, nowMillis: number) => void
  /** The output ended: hands on what is left without a newline. */
  readonly end: () => void
}

const newline = 0x0a

const decode = (bytes: Buffer): string =>
  escapeControlCharacters(bytes.toString("utf8").slice(0, longestLine).replace(/\r$/, ""))

/** A reader that calls `onLine` for every line within the bounds. */
export const makeLineReader = (onLine: (text: string) => void): LineReader => {
  /** The beginning of the line under way; copied, because a slice would keep the whole chunk alive. */
  const partial = Buffer.allocUnsafe(longestLineBytes)
  let length = 0
  let windowStart = -Infinity
  let inWindow = 0
  const keep = (bytes: Buffer, from: number, to: number) => {
    length += bytes.copy(partial, length, from, Math.min(to, from + longestLineBytes - length))
  }
  /** Hands on the line under way, which ends at `end`. */
  const finish = (bytes: Buffer, from: number, end: number) => {
    if (length === 0) onLine(decode(bytes.subarray(from, Math.min(end, from + longestLineBytes))))
    else {
      keep(bytes, from, end)
      onLine(decode(partial.subarray(0, length)))
      length = 0
    }
    inWindow += 1
  }
  return {
    read: (bytes, nowMillis) => {
      if (nowMillis - windowStart >= windowMillis) {
        windowStart = nowMillis
        inWindow = 0
      }
      let from = 0
      for (let left = linesPerWindow - inWindow; left > 0; left -= 1) {
        const end = bytes.indexOf(newline, from)
        if (end < 0) return keep(bytes, from, bytes.length)
        finish(bytes, from, end)
        from = end + 1
      }
      // The window is used up: whole lines are dropped unread, the one under way is kept from its beginning.
      const last = bytes.lastIndexOf(newline)
      if (last >= from) length = 0
      keep(bytes, Math.max(from, last + 1), bytes.length)
    },
    end: () => {
      if (length > 0) finish(partial, 0, 0)
    }
  }
}
