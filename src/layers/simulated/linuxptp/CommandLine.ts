/**
 * Reads the command line and configuration file of a ProcessSpec as the real program would, for the simulated linuxptp.
 * It checks nothing, because planning has checked the command line already.
 */
import { parseConfigFile } from "../../../services/linuxptp/ConfigFile.ts"
import type { Program } from "../../../services/linuxptp/Program.ts"
import type { ProcessSpec } from "../../../services/processes/ProcessSpec.ts"
import type { Voice } from "./SimulatedProgram.ts"

/** The options and the file of one start. */
export interface CommandLine {
  /** Values by option name (`i`, `summary_interval`), in order. An option without a value has `""`. */
  readonly options: ReadonlyMap<string, ReadonlyArray<string>>
  /** Letters that are not in the program's getopt string. */
  readonly unknownLetters: ReadonlyArray<string>
  /**
   * Settings by name for each section of the file: `global`, a NIC, `ptp_domain 0`. The last of several values counts.
   */
  readonly sections: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** The path after `-f`, if it is not one of the spec's files. */
  readonly missingFile: string | undefined
}

/** The getopt strings of linuxptp 4.4: `:` follows a letter with a value. */
const letters: Readonly<Record<string, string>> = {
  ptp4l: "AEP246HSLf:i:p:sl:mqvh",
  phc2sys: "c:d:f:s:E:P:I:S:F:R:N:O:L:M:i:u:wn:xz:l:t:mqvhar",
  ts2phc: "c:f:hi:l:ms:qva",
  timemaster: "f:nl:mqvh"
}

/** Reads what `spec` would start. Wrappers in front of the program (`chrt`, `setpriv`) are skipped. */
export const readCommandLine = (spec: ProcessSpec): CommandLine => {
  const program = spec.argv.findIndex((word) => word.split("/").at(-1) === spec.program)
  const { options, unknownLetters } = readOptions(spec.argv.slice(program + 1), letters[spec.program] ?? "")
  const path = options.get("f")?.at(-1)
  const text = path === undefined ? "" : spec.files[path]
  return {
    options,
    unknownLetters,
    sections: readSections(text ?? ""),
    missingFile: text === undefined ? path : undefined
  }
}

const readOptions = (words: ReadonlyArray<string>, known: string) => {
  const options = new Map<string, Array<string>>()
  const unknownLetters: Array<string> = []
  const add = (name: string, value: string) => void options.set(name, [...options.get(name) ?? [], value])
  const rest = [...words]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word.startsWith("--")) {
      const [name = "", attached] = word.slice(2).split(/=(.*)/s)
      add(name, attached ?? rest.shift() ?? "")
      continue
    }
    for (let cluster = word.slice(1); cluster !== ""; cluster = cluster.slice(1)) {
      const letter = cluster.charAt(0)
      if (letter === ":" || !known.includes(letter)) {
        unknownLetters.push(letter)
      } else if (known.charAt(known.indexOf(letter) + 1) === ":") {
        add(letter, cluster.slice(1) || (rest.shift() ?? ""))
        break
      } else {
        add(letter, "")
      }
    }
  }
  return { options, unknownLetters }
}

const readSections = (text: string): ReadonlyMap<string, ReadonlyMap<string, string>> => {
  const sections = new Map<string, Map<string, string>>()
  for (const { entries, name } of parseConfigFile(text).file.sections) {
    const settings = sections.get(name) ?? new Map<string, string>()
    for (const { key, value } of entries) settings.set(key, value)
    sections.set(name, settings)
  }
  return sections
}

/** Whether the option is on the command line. */
export const hasOption = (commandLine: CommandLine, name: string): boolean => commandLine.options.has(name)

/** The value of a configuration option. The command line has precedence over the file's `[global]`. */
export const setting = (commandLine: CommandLine, name: string): string | undefined =>
  commandLine.options.get(name)?.at(-1) ?? commandLine.sections.get("global")?.get(name)

/** The value of a numeric configuration option. A value that is not a number counts as absent. */
export const numberSetting = (commandLine: CommandLine, name: string, absent: number): number => {
  const value = Number(setting(commandLine, name) ?? Number.NaN)
  return Number.isFinite(value) ? value : absent
}

/** Whether ptp4l uses the PHCs of its NICs. That is the default, unless `-S` or `time_stamping` says otherwise. */
export const stampsInHardware = (commandLine: CommandLine): boolean =>
  !hasOption(commandLine, "S") && setting(commandLine, "time_stamping") !== "software"

/** How the program frames its lines: `message_tag` (`-t` for phc2sys) and `logging_level` (`-l`). */
export const voiceOf = (program: Program, commandLine: CommandLine): Voice => ({
  program,
  tag: setting(commandLine, "message_tag") ?? commandLine.options.get("t")?.at(-1) ?? "",
  loggingLevel: numberSetting(commandLine, "l", numberSetting(commandLine, "logging_level", 6))
})
