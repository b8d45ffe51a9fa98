/**
 * The grammar of getopt_long: clusters (`-2q`), attached values (`-iens1f0`), `--name=value` and `--name value`. It
 * knows no single option; `Options` tells it which ones take a value.
 */

/**
 * `typed` is the option as the user wrote it, without its value. `within` is the word that contains the letter if it
 * stands among others.
 */
export type Token =
  | {
    readonly _tag: "Letter"
    readonly letter: string
    readonly value: string | undefined
    readonly typed: string
    readonly within: string | undefined
  }
  | { readonly _tag: "Name"; readonly name: string; readonly value: string | undefined; readonly typed: string }
  | { readonly _tag: "Stray"; readonly typed: string }

export interface Grammar {
  /** Whether `-letter` takes a value; `undefined` when there is no such option. */
  readonly takesValue: (letter: string) => boolean | undefined
  /** Whether `--name` is an option. All long options of linuxptp take a value. */
  readonly isName: (name: string) => boolean
}

interface Reading {
  readonly tokens: ReadonlyArray<Token>
  /** Whether the next word was used as the value. */
  readonly tookNext: boolean
}

/** A word after an unknown option gets no message of its own, unless it is an option too. */
const isValue = (isKnown: boolean, next: string | undefined): boolean =>
  next !== undefined && (isKnown || !next.startsWith("-"))

const readName = (grammar: Grammar, word: string, next: string | undefined): Reading => {
  const equals = word.indexOf("=")
  if (equals >= 0) {
    const typed = word.slice(0, equals)
    return { tokens: [{ _tag: "Name", name: typed.slice(2), value: word.slice(equals + 1), typed }], tookNext: false }
  }
  const name = word.slice(2)
  const tookNext = isValue(grammar.isName(name), next)
  return { tokens: [{ _tag: "Name", name, value: tookNext ? next : undefined, typed: word }], tookNext }
}

const readCluster = (grammar: Grammar, word: string, next: string | undefined): Reading => {
  const tokens: Array<Token> = []
  const letters = Array.from(word.slice(1))
  for (const [index, letter] of letters.entries()) {
    const takesValue = grammar.takesValue(letter)
    const token = {
      _tag: "Letter",
      letter,
      typed: `-${letter}`,
      within: letters.length > 1 ? word : undefined
    } as const
    if (takesValue === false) {
      tokens.push({ ...token, value: undefined })
      continue
    }
    const attached = letters.slice(index + 1).join("")
    const tookNext = attached === "" && isValue(takesValue === true, next)
    return { tokens: [...tokens, { ...token, value: tookNext ? next : attached || undefined }], tookNext }
  }
  return { tokens, tookNext: false }
}

const readWord = (grammar: Grammar, word: string, next: string | undefined): Reading => {
  if (word === "-" || word === "--" || !word.startsWith("-")) {
    return { tokens: [{ _tag: "Stray", typed: word }], tookNext: false }
  }
  return word.startsWith("--") ? readName(grammar, word, next) : readCluster(grammar, word, next)
}

/** Reads `words` from left to right. `--` and words that belong to no option become `Stray`. */
export const readGetopt = (grammar: Grammar, words: ReadonlyArray<string>): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  let tookThis = false
  for (const [index, word] of words.entries()) {
    if (tookThis) {
      tookThis = false
      continue
    }
    const reading = readWord(grammar, word, words[index + 1])
    tokens.push(...reading.tokens)
    tookThis = reading.tookNext
  }
  return tokens
}
