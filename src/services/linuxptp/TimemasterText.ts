/**
 * Checks a user's timemaster configuration as hostile input: it names programs, and it contains raw sections that
 * become files of other programs. TimemasterPlan adds the daemon's own settings to the accepted part and writes the
 * file.
 */
import { didYouMeanText } from "../DidYouMean.ts"
import {
  type ConfigEntry,
  type ConfigFile,
  type ConfigProblem,
  type ConfigReading,
  type ConfigSection,
  emptyConfigFile,
  parseConfigFile,
  readConfigLines,
  type SectionHead
} from "./ConfigFile.ts"
import { boundProblems, keptSections, readConfigSections, type SectionReading } from "./ConfigText.ts"
import type { LinuxptpVersion } from "./LinuxptpVersion.ts"
import { findDirectiveFault, isNtpServer, type NtpProgram } from "./NtpDirective.ts"
import { readTimemasterSettings, splitBlanks, timemasterSettings } from "./TimemasterSection.ts"
import { unicastMasterTable } from "./UnicastMasterTable.ts"
import { integer, readValue } from "./ValueType.ts"

/**
 * timemaster.c, parse_raw_settings: a line may begin with `>`, so that timemaster does not interpret its `[` or `#`.
 */
const unescape = (entry: ConfigEntry): string => `${entry.key} ${entry.value}`.replace(/^>/, "").trim()

const complain = (line: number, option: string, message: string): ConfigProblem => ({
  severity: "error",
  line,
  option: option.slice(0, 60),
  message
})

/** chrony.conf has four characters that begin a comment; ntp.conf has only the first one. */
const comment = /^[#!;%]/

const readDirectives = (program: NtpProgram, section: ConfigSection): SectionReading => {
  const entries: Array<ConfigEntry> = []
  const problems: Array<ConfigProblem> = []
  for (const entry of section.entries) {
    const [directive = "", ...words] = splitBlanks(unescape(entry))
    if (directive === "" || comment.test(directive)) continue
    const fault = findDirectiveFault(program, directive, words)
    if (fault === undefined) entries.push({ key: directive, value: words.join(" "), line: entry.line })
    else problems.push(complain(entry.line, directive, fault))
  }
  return { section: { ...section, entries }, problems }
}

const toRawEntries = (file: ConfigFile): ReadonlyArray<ConfigEntry> =>
  file.sections.flatMap((section, index) => [
    ...(index === 0 ? [] : [{ key: `>[${section.name}]`, value: "", line: 0 }]),
    ...section.entries
  ])

/** timemaster writes `[global]` in front of the raw lines. */
const parseRaw = (entries: ReadonlyArray<ConfigEntry>): ConfigReading =>
  readConfigLines([
    { text: "[global]", number: 0 },
    ...entries.map((entry) => ({ text: unescape(entry), number: entry.line }))
  ])

/** The sections that every ptp4l of an accepted file gets from `[ptp4l.conf]`; the last such section counts. */
export const rawPtp4lSections = (file: ConfigFile): ReadonlyArray<ConfigSection> =>
  parseRaw(file.sections.findLast(({ name }) => name === "ptp4l.conf")?.entries ?? []).file.sections

/** Every port section must name an interface of a domain. Another name would add a port that the plan does not know. */
const readPtp4lConf = (
  version: LinuxptpVersion,
  interfaces: ReadonlySet<string>,
  section: ConfigSection
): SectionReading => {
  const parsed = parseRaw(section.entries)
  const read = readConfigSections("ptp4l", version, parsed.file)
  const isKnown = (name: string): boolean => name === "global" || name === unicastMasterTable || interfaces.has(name)
  const sections = read.file.sections.filter(({ name }) => isKnown(name))
  const strangers = read.file.sections.filter(({ name }) => !isKnown(name)).map(({ entries, name }) =>
    complain(entries[0]?.line ?? 0, `[${name}]`, "is not an interface of a [ptp_domain]")
  )
  return {
    section: { ...section, entries: toRawEntries({ sections }) },
    problems: [...parsed.problems, ...read.problems, ...strangers]
  }
}

const domainNumber = integer(0, 255)

/** The parameter of `[ntp_server ADDRESS]` and `[ptp_domain NUMBER]` in canonical form, or why it is not valid. */
const readParameter = (
  kind: string,
  parameter: string
): { readonly name: string } | { readonly error: string } => {
  if (kind === "ntp_server") {
    return isNtpServer(parameter) ? { name: `${kind} ${parameter}` } : { error: "needs the address of a server" }
  }
  if (kind === "ptp_domain") {
    const read = readValue(domainNumber, parameter)
    return "value" in read ? { name: `${kind} ${read.value}` } : { error: `needs ${read.expected}` }
  }
  return parameter === "" ? { name: kind } : { error: "takes no parameter" }
}

const readSettingsSection = (version: LinuxptpVersion, kind: string, section: ConfigSection): SectionReading => {
  const settings = timemasterSettings.get(kind)
  if (settings === undefined) {
    const meant = didYouMeanText(kind, [...timemasterSettings.keys(), "chrony.conf", "ntp.conf", "ptp4l.conf"])
    return { section: undefined, problems: [complain(lineOf(section), `[${section.name}]`, `unknown section${meant}`)] }
  }
  const parameter = readParameter(kind, section.name.slice(kind.length).trim())
  const read = readTimemasterSettings(version, settings, section.entries)
  const problems: Array<ConfigProblem> = [...read.problems]
  if ("error" in parameter) {
    problems.push(complain(lineOf(section), `[${section.name}]`, parameter.error))
    return { section: undefined, problems }
  }
  if (kind === "ptp_domain" && !section.entries.some((entry) => entry.key.toLowerCase() === "interfaces")) {
    problems.push(complain(lineOf(section), `[${section.name}]`, "needs interfaces"))
  }
  return { section: { name: parameter.name, entries: read.entries }, problems }
}

const lineOf = (section: ConfigSection): number => section.line ?? 0

const readSection = (
  version: LinuxptpVersion,
  interfaces: ReadonlySet<string>,
  section: ConfigSection
): SectionReading => {
  const kind = kindOf(section)
  switch (kind === section.name.toLowerCase() ? kind : "") {
    case "chrony.conf":
      return readDirectives("chronyd", { ...section, name: kind })
    case "ntp.conf":
      return readDirectives("ntpd", { ...section, name: kind })
    case "ptp4l.conf":
      return readPtp4lConf(version, interfaces, { ...section, name: kind })
    default:
      return readSettingsSection(version, kind, section)
  }
}

/** timemaster.c, parse_section_name: the name is what stands before the first `]`. */
export const readTimemasterHead = (line: string): SectionHead => {
  const [, name = "", ignored = ""] = /^\[([^\]]*)\]?(.*)$/.exec(line) ?? []
  return name === "" || name !== name.trimStart()
    ? { error: "is not a section: write [name]" }
    : { name: name.trimEnd(), ignored: ignored.trim() }
}

const kindOf = (section: ConfigSection): string => splitBlanks(section.name.toLowerCase())[0] ?? ""

const sectionsOf: Readonly<Record<NtpProgram, ReadonlySet<string>>> = {
  chronyd: new Set(["chronyd", "chrony.conf"]),
  ntpd: new Set(["ntpd", "ntp.conf"])
}

/** The NTP server that timemaster starts; of several values the last one counts. */
const ntpProgramOf = (file: ConfigFile): NtpProgram => {
  const settings = file.sections.filter((section) => kindOf(section) === "timemaster").flatMap(({ entries }) => entries)
  const program = settings.findLast(({ key }) => key.toLowerCase() === "ntp_program")
  return program?.value.toLowerCase() === "ntpd" ? "ntpd" : "chronyd"
}

/** Distributions ship one file for both servers. What the other one would do need not be right. */
const idle = (section: ConfigSection, program: NtpProgram): ConfigProblem => ({
  severity: "warning",
  line: lineOf(section),
  option: `[${section.name.slice(0, 60)}]`,
  message: `ignored: timemaster starts ${program}`
})

/** The interfaces of all domains in order, each once. */
export const timemasterInterfaces = (file: ConfigFile): ReadonlyArray<string> => {
  const domains = file.sections.filter((section) => section.name.toLowerCase().startsWith("ptp_domain "))
  const entries = domains.flatMap((section) => section.entries)
  const lists = entries.filter((entry) => entry.key.toLowerCase() === "interfaces")
  return [...new Set(lists.flatMap((entry) => splitBlanks(entry.value)))]
}

/**
 * Reads a profile's `timemasterConf` for the installed version. The resulting file contains only allowed settings, with
 * keys and section names in lower case. A problem of severity `error` makes the text invalid. An absent text is an
 * empty file.
 */
export const readTimemasterText = (version: LinuxptpVersion, text: string | undefined): ConfigReading => {
  if (text === undefined) return { file: emptyConfigFile, problems: [] }
  const parsed = parseConfigFile(text, readTimemasterHead)
  const interfaces = new Set(timemasterInterfaces(parsed.file))
  const program = ntpProgramOf(parsed.file)
  const readings = parsed.file.sections.map((section) =>
    sectionsOf[program === "chronyd" ? "ntpd" : "chronyd"].has(kindOf(section))
      ? { section: undefined, problems: [idle(section, program)] }
      : readSection(version, interfaces, section)
  )
  return {
    file: { sections: keptSections(readings) },
    problems: boundProblems(version, [...parsed.problems, ...readings.flatMap((reading) => reading.problems)])
  }
}
