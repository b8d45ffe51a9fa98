/**
 * Splits the bytes of a child's output into lines, with a limit for everything. A child that floods its output is still
 * read to the end, because a full pipe would block it and so stop the clock. But only a limited number of its lines is
 * passed on, and only these are decoded. The byte of a newline is never part of another character, so lines can be
 * found without decoding.
 */
/** Some four times the longest line that the programs print. Longer lines are cut. */
const longestLine = 4_096
/**
 * No character needs more bytes for each of its UTF-16 units. The rest is for a character that is cut in the middle.
 */
const longestLineBytes = 3 * longestLine + 4
/** The number of lines that are passed on in one window of time. Further lines in the window are read and dropped. */
const linesPerWindow = 2_000
const windowMillis = 250

const controlCharacters = /[\p{Cc}\u2028\u2029]/gu

/** Makes control characters visible (`\x1b`), so that a line cannot look like two lines or control a terminal. */
export const escapeControlCharacters = (text: string): string =>
  text.replace(controlCharacters, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`
  })

export interface LineReader {
  /** Reads some bytes. `nowMillis` is monotonic. */
  readonly read: (bytes: Buffer, nowMillis: number) => void
  /** The output has ended: passes on the rest that has no newline. */
  readonly end: () => void
}

const newline = 0x0a

const decode = (bytes: Buffer): string =>
  escapeControlCharacters(bytes.toString("utf8").slice(0, longestLine).replace(/\r$/, ""))

/** A reader that calls `onLine` for every line within the limits. */
export const makeLineReader = (onLine: (text: string) => void): LineReader => {
  /** The beginning of the current line. It is copied, because a slice would keep the whole chunk in memory. */
  const partial = Buffer.allocUnsafe(longestLineBytes)
  let length = 0
  let windowStart = -Infinity
  let inWindow = 0
  const keep = (bytes: Buffer, from: number, to: number) => {
    length += bytes.copy(partial, length, from, Math.min(to, from + longestLineBytes - length))
  }
  /** Passes on the current line, which ends at `end`. */
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
      // The window is used up. Complete lines are dropped unread; the current line is kept from its beginning.
      const last = bytes.lastIndexOf(newline)
      if (last >= from) length = 0
      keep(bytes, Math.max(from, last + 1), bytes.length)
    },
    end: () => {
      if (length > 0) finish(partial, 0, 0)
    }
  }
}
