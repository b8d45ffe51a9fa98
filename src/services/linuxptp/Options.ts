/**
 * Reads a user's command-line options of linuxptp as hostile input: as getopt_long does, checked against the list of
 * options of the program and its version, and then written anew. The planner builds argv only from the result.
 */
import { isConfigOptionName, namesBeginningWith } from "./ConfigOption.ts"
import { explainMissing } from "./ConfigOptionRow.ts"
import { readGetopt, type Token } from "./Getopt.ts"
import type { LinuxptpVersion } from "./LinuxptpVersion.ts"
import type { Program } from "./Program.ts"
import { isRestricted, readLoggingLevel, readSetting, restrictedNames, withWhatWasMeant } from "./Setting.ts"
import { splitShellWords } from "./ShellWords.ts"
import { findShortOption, type ShortOption } from "./ShortOption.ts"
import { readValue } from "./ValueType.ts"

/** A mistake in one option. `option` is what the user wrote, without the value. */
export interface OptionProblem {
  readonly severity: "error" | "warning"
  readonly option: string
  readonly message: string
}

/** An option in canonical form: a letter, or the name of a configuration option, which always has a value. */
export interface Argument {
  readonly name: string
  readonly value?: string
}

export interface OptionsReading {
  readonly arguments: ReadonlyArray<Argument>
  readonly problems: ReadonlyArray<OptionProblem>
}

/** Longer than any real command line, but short enough to be read at once. */
export const maxOptionTextLength = 4096

const maxProblems = 20

const nothing: OptionsReading = { arguments: [], problems: [] }

const shorten = (typed: string): string => typed.length <= 60 ? typed : `${typed.slice(0, 60)}…`

const problem = (severity: OptionProblem["severity"], typed: string, message: string): OptionsReading => ({
  arguments: [],
  problems: [{ severity, option: shorten(typed), message }]
})

const kept = (argument: Argument, typed: string, warning: string | undefined): OptionsReading => ({
  arguments: [argument],
  problems: warning === undefined ? [] : problem("warning", typed, warning).problems
})

const isLongOption = (name: string): boolean => isConfigOptionName(name) || isRestricted(name)

/**
 * getopt_long accepts a unique beginning of a name as the option. Here it is refused, because it would bypass the list.
 */
const explainUnknownName = (version: LinuxptpVersion, name: string): string | undefined => {
  if (name === "" || isLongOption(name)) return undefined
  const whole = [
    ...namesBeginningWith(version, name),
    ...restrictedNames.filter((candidate) => candidate.startsWith(name))
  ]
  return whole.length === 0 ? undefined : `abbreviations are not allowed; is it --${whole.slice(0, 3).join(", --")}?`
}

const readName = (
  program: Program,
  version: LinuxptpVersion,
  token: Extract<Token, { _tag: "Name" }>
): OptionsReading => {
  const setting = readSetting({ program, version, scope: "global" }, token.name, token.value ?? "")
  switch (setting._tag) {
    case "Kept":
      return kept({ name: setting.name, value: setting.value }, token.typed, setting.warning)
    case "Dropped":
      return token.value === undefined
        ? problem("error", token.typed, "needs a value")
        : problem("warning", token.typed, setting.warning)
    case "Refused":
      return problem("error", token.typed, explainUnknownName(version, token.name) ?? setting.error)
  }
}

const readLetterValue = (
  option: ShortOption,
  value: string | undefined
): { readonly value?: string; readonly warning?: string } | { readonly error: string } => {
  if (option.type === undefined) return {}
  if (value === undefined) return { error: "needs a value" }
  const read = readValue(option.type, value)
  if ("expected" in read) return { error: `expected ${read.expected}` }
  return option.sets?.name === "logging_level" ? readLoggingLevel(read.value) : read
}

const readLetter = (
  program: Program,
  version: LinuxptpVersion,
  token: Extract<Token, { _tag: "Letter" }>
): OptionsReading => {
  const within = token.within === undefined ? "" : ` (in ${shorten(token.within)})`
  const error = (message: string) => problem("error", token.typed, message + within)
  const option = findShortOption(program, version, token.letter)
  if (option === undefined) return error(`not an option of ${program}`)
  if ("missingBefore" in option) {
    return error(explainMissing(version, option.missingBefore))
  }
  if (option.refused !== undefined) return error(`not allowed: ${option.refused}`)
  if (option.ignored !== undefined) return problem("warning", token.typed, `ignored: ${option.ignored}${within}`)
  const read = readLetterValue(option, token.value)
  if ("error" in read) return error(read.error)
  const name = option.alias ?? option.letter
  return kept(read.value === undefined ? { name } : { name, value: read.value }, token.typed, read.warning)
}

const readToken = (program: Program, version: LinuxptpVersion, token: Token): OptionsReading => {
  switch (token._tag) {
    case "Letter":
      return readLetter(program, version, token)
    case "Name":
      return program === "timemaster"
        ? problem("error", token.typed, "timemaster has no long options")
        : readName(program, version, token)
    case "Stray":
      return problem("error", token.typed, "is no option, and no option takes it as its value")
  }
}

/** Reads words that are already split, as timemaster splits its `options`. */
export const readOptionWords = (
  program: Program,
  version: LinuxptpVersion,
  words: ReadonlyArray<string>
): OptionsReading => {
  const takesValue = (letter: string): boolean | undefined => {
    const option = findShortOption(program, version, letter)
    return option === undefined || "missingBefore" in option ? undefined : option.type !== undefined
  }
  const readings = readGetopt({ takesValue, isName: isLongOption }, words).map((token) =>
    readToken(program, version, token)
  )
  const problems = readings.flatMap((reading) => reading.problems)
  return {
    arguments: readings.flatMap((reading) => reading.arguments),
    // Errors come first, so that warnings do not hide them.
    problems: problems.toSorted((a, b) => a.severity < b.severity ? -1 : a.severity > b.severity ? 1 : 0)
      .slice(0, maxProblems)
  }
}

/**
 * Reads the option text of a profile. Absent, empty and blank text means no options. The result contains only allowed
 * options, without those that the daemon sets itself. A problem of severity `error` makes the text invalid.
 */
export const readOptions = (program: Program, version: LinuxptpVersion, text: string | undefined): OptionsReading => {
  if (text === undefined) return nothing
  if (text.length > maxOptionTextLength) {
    return problem("error", program, `options are longer than ${maxOptionTextLength} characters`)
  }
  const split = splitShellWords(text)
  if ("error" in split) return problem("error", program, split.error)
  const read = readOptionWords(program, version, split.words)
  return { ...read, problems: read.problems.map(withWhatWasMeant(version)) }
}

/**
 * The words of argv. The value of a letter is a word of its own; a name is written as `--name=value`. Every release
 * reads both correctly, even if the value begins with a dash.
 */
export const renderArguments = (args: ReadonlyArray<Argument>): ReadonlyArray<string> =>
  args.flatMap(({ name, value }) => {
    if (name.length > 1) return [`--${name}=${value ?? ""}`]
    return value === undefined ? [`-${name}`] : [`-${name}`, value]
  })
