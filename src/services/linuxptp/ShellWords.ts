/**
 * Splits option text into words with the quoting rules of a POSIX shell, but it is no shell: nothing is expanded and
 * nothing is run. `Options` finds out what the words mean.
 */
import { findControlCharacter } from "./ControlCharacter.ts"

export type ShellWords = { readonly words: ReadonlyArray<string> } | { readonly error: string }

/** Blanks between words. Text from YAML often has several lines, so the end of a line is a blank too. */
const isBlank = (char: string): boolean => char === " " || char === "\t" || char === "\n" || char === "\r"

/**
 * POSIX shell 2.2.3: inside double quotes a backslash quotes only these characters. The end of a line is left out here.
 */
const isQuotedByBackslash = (char: string): boolean => char === "\"" || char === "\\" || char === "$" || char === "`"

interface QuotedText {
  readonly text: string
  /** Index of the first character after the closing quote. */
  readonly end: number
}

const readDoubleQuoted = (text: string, start: number): QuotedText | undefined => {
  let value = ""
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === "\"") return { text: value, end: at + 1 }
    if (char === "\\" && isQuotedByBackslash(text.charAt(at + 1))) at++
    value += text.charAt(at)
  }
  return undefined
}

const readSingleQuoted = (text: string, start: number): QuotedText | undefined => {
  const close = text.indexOf("'", start)
  return close < 0 ? undefined : { text: text.slice(start, close), end: close + 1 }
}

const readQuoted = (text: string, at: number): QuotedText | undefined => {
  switch (text.charAt(at)) {
    case "'":
      return readSingleQuoted(text, at + 1)
    case "\"":
      return readDoubleQuoted(text, at + 1)
    default:
      return at + 1 < text.length ? { text: text.charAt(at + 1), end: at + 2 } : undefined
  }
}

/**
 * Splits `text` at blanks, with single quotes, double quotes and backslashes. It is an error if a quote is not closed,
 * if the text ends with a backslash, or if it contains a control character other than a blank between words.
 */
export const splitShellWords = (text: string): ShellWords => {
  const words: Array<string> = []
  let word: string | undefined
  let at = 0
  while (at < text.length) {
    const char = text.charAt(at)
    if (isBlank(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
      at++
    } else if (char === "'" || char === "\"" || char === "\\") {
      const quoted = readQuoted(text, at)
      if (quoted === undefined) return { error: char === "\\" ? "ends in a backslash" : `has no closing ${char}` }
      word = (word ?? "") + quoted.text
      at = quoted.end
    } else {
      word = (word ?? "") + char
      at++
    }
  }
  if (word !== undefined) words.push(word)
  const control = words.map(findControlCharacter).find((found) => found !== undefined)
  return control === undefined ? { words } : { error: `contains the control character ${control}` }
}
