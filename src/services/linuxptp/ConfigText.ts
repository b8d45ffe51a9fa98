/**
 * Checks a user's configuration text for ptp4l, phc2sys and ts2phc, as hostile input. Every section is checked against
 * the same list of options as the command line, and the accepted part is in canonical form. ProfilePlan adds the
 * daemon's own settings and writes the file.
 */
import { todSource, todSourceBefore4 } from "./ClockName.ts"
import {
  type ConfigEntry,
  type ConfigFile,
  type ConfigProblem,
  type ConfigReading,
  type ConfigSection,
  emptyConfigFile,
  parseConfigFile
} from "./ConfigFile.ts"
import { isInRelease } from "./ConfigOptionRow.ts"
import type { LinuxptpVersion } from "./LinuxptpVersion.ts"
import { readSetting, withWhatWasMeant } from "./Setting.ts"
import { findRepeatedTables, readUnicastMasterTable, unicastMasterTable } from "./UnicastMasterTable.ts"
import { interfaceName } from "./ValuePattern.ts"
import { readValue } from "./ValueType.ts"

/** The programs that read linuxptp's configuration file. timemaster has another language, see TimemasterText. */
export type ConfigFileProgram = "ptp4l" | "phc2sys" | "ts2phc"

const maxProblems = 20

/** Sorts errors before warnings, then by line, limits their number, and says of unknown options what was meant. */
export const boundProblems = (
  version: LinuxptpVersion,
  problems: ReadonlyArray<ConfigProblem>
): ReadonlyArray<ConfigProblem> =>
  problems
    .toSorted((a, b) => Number(b.severity === "error") - Number(a.severity === "error") || a.line - b.line)
    .slice(0, maxProblems)
    .map(withWhatWasMeant(version))

/** The result for one section. A section whose name is not allowed is left out completely. */
export interface SectionReading {
  readonly section: ConfigSection | undefined
  readonly problems: ReadonlyArray<ConfigProblem>
}

/** The accepted sections, in order. */
export const keptSections = (readings: ReadonlyArray<SectionReading>): ReadonlyArray<ConfigSection> =>
  readings.flatMap((reading) => reading.section ?? [])

/** Reads `name value` lines by the list of options. Options that the daemon sets itself are left out. */
const readSettings = (
  program: ConfigFileProgram,
  version: LinuxptpVersion,
  scope: "global" | "port",
  entries: ReadonlyArray<ConfigEntry>
): { readonly entries: ReadonlyArray<ConfigEntry>; readonly problems: ReadonlyArray<ConfigProblem> } => {
  const kept: Array<ConfigEntry> = []
  const problems: Array<ConfigProblem> = []
  for (const { key, line, value } of entries) {
    const report = (severity: ConfigProblem["severity"], message: string) =>
      problems.push({ severity, line, option: key.slice(0, 60), message })
    const setting = readSetting({ program, version, scope }, key, value)
    if (setting._tag === "Refused") report("error", setting.error)
    else if (setting._tag === "Dropped") report("warning", setting.warning)
    else {
      kept.push({ key: setting.name, value: setting.value, line })
      if (setting.warning !== undefined) report("warning", setting.warning)
    }
  }
  return { entries: kept, problems }
}

const readPortSection = (
  program: ConfigFileProgram,
  version: LinuxptpVersion,
  section: ConfigSection
): SectionReading => {
  const settings = readSettings(program, version, "port", section.entries)
  const name = readPortName(program, version, section.name)
  if ("value" in name) {
    return { section: { ...section, name: name.value, entries: settings.entries }, problems: settings.problems }
  }
  const option = `[${section.name.slice(0, 60)}]`
  return {
    section: undefined,
    problems: [{ severity: "error", line: section.line ?? 0, option, message: `is not a port: ${name.fault}` }]
  }
}

/** config.c, config_read: below 4.3 only so much of a name is read. */
const longestNameBefore43 = 16

const readPortName = (
  program: ConfigFileProgram,
  version: LinuxptpVersion,
  name: string
): { readonly value: string } | { readonly fault: string } => {
  const clock = isInRelease(version, "4.0") ? todSource : todSourceBefore4
  const read = readValue(program === "ts2phc" ? clock : interfaceName, name)
  if ("expected" in read) return { fault: `expected ${read.expected}` }
  return read.value.length <= longestNameBefore43 || isInRelease(version, "4.3")
    ? read
    : { fault: `linuxptp below 4.3 reads only ${longestNameBefore43} characters of a name` }
}

/**
 * Reads one section. linuxptp accepts `[global]` and `[unicast_master_table]` in upper or lower case; all other
 * sections are ports.
 */
const readSection = (program: ConfigFileProgram, version: LinuxptpVersion, section: ConfigSection): SectionReading => {
  switch (section.name.toLowerCase()) {
    case "global": {
      const settings = readSettings(program, version, "global", section.entries)
      return { section: { name: "global", entries: settings.entries }, problems: settings.problems }
    }
    case unicastMasterTable:
      return readUnicastMasterTable(section)
    default:
      return readPortSection(program, version, section)
  }
}

/** Reads sections that are already split, as in timemaster's raw `[ptp4l.conf]`. */
export const readConfigSections = (
  program: ConfigFileProgram,
  version: LinuxptpVersion,
  file: ConfigFile
): ConfigReading => {
  const readings = file.sections.map((section) => readSection(program, version, section))
  const sections = keptSections(readings)
  const problems = [...readings.flatMap((reading) => reading.problems), ...findRepeatedTables(sections)]
  return { file: { sections }, problems: boundProblems(version, problems) }
}

/**
 * Reads a profile's configuration text for the installed version. The resulting file contains only allowed settings, in
 * the spelling of that version. A problem of severity `error` makes the text invalid. An absent text is an empty file.
 */
export const readConfigText = (
  program: ConfigFileProgram,
  version: LinuxptpVersion,
  text: string | undefined
): ConfigReading => {
  if (text === undefined) return { file: emptyConfigFile, problems: [] }
  const parsed = parseConfigFile(text)
  const read = readConfigSections(program, version, parsed.file)
  return { file: read.file, problems: boundProblems(version, [...parsed.problems, ...read.problems]) }
}
