/**
 * The sections of timemaster's configuration that consist of settings: `[timemaster]`, `[ntp_server]`, `[ptp_domain]`
 * and one for each program. TimemasterText reads the other sections, which are raw text.
 */
import { didYouMeanText } from "../DidYouMean.ts"
import type { ConfigEntry, ConfigProblem } from "./ConfigFile.ts"
import { shmSegment } from "./ConfigOptionClock.ts"
import { explainMissing, isInRelease } from "./ConfigOptionRow.ts"
import type { LinuxptpVersion } from "./LinuxptpVersion.ts"
import { areSourceOptions, findNtpOptionFault } from "./NtpDirective.ts"
import { readOptionWords, renderArguments } from "./Options.ts"
import { readSetting } from "./Setting.ts"
import { isInterfaceName } from "./ValuePattern.ts"
import { decimal, flag, integer, intMax, intMin, readValue, type ValueType, word } from "./ValueType.ts"

/** The result for one setting: the value to write (absent if it is left out) and the problems found. */
interface SettingReading {
  readonly value?: string
  readonly problems: ReadonlyArray<Pick<ConfigProblem, "severity" | "message">>
}

type ReadSetting = (version: LinuxptpVersion, value: string) => SettingReading

type TimemasterSettings = ReadonlyMap<string, ReadSetting>

const refuse = (message: string): SettingReading => ({ problems: [{ severity: "error", message }] })
const ignore = (message: string): SettingReading => ({ problems: [{ severity: "warning", message }] })

/** timemaster splits values at blanks and knows no quotes. */
export const splitBlanks = (value: string): ReadonlyArray<string> => value.split(/[ \t]+/).filter((item) => item !== "")

const typed = (type: ValueType): ReadSetting => (_version, value) => {
  const read = readValue(type, value)
  return "value" in read ? { value: read.value, problems: [] } : refuse(`expected ${read.expected}`)
}

/** Words with one blank between them. */
const list = (expected: string, are: (words: ReadonlyArray<string>) => boolean): ReadSetting => (_version, value) => {
  const words = splitBlanks(value)
  return are(words) ? { value: words.join(" "), problems: [] } : refuse(`expected ${expected}`)
}

const interfaceNames = list("interface names", (words) => words.length > 0 && words.every(isInterfaceName))
const sourceOptions = list("options of a time source, no paths", areSourceOptions)

const virtualClocks: ReadSetting = (version, value) =>
  isInRelease(version, "4.0") ? typed(integer(-1, 1))(version, value) : refuse(explainMissing(version, "4.0"))

/**
 * A path that the daemon would choose anyway is dropped. Any other path is refused, because root would run what the
 * user names.
 */
const owned = (expected: ReadonlyArray<string>): ReadSetting => (_version, value) =>
  expected.includes(value)
    ? ignore("ignored: the daemon decides it")
    : refuse("not allowed: the daemon decides it")

/** `ptp4l_option name value` goes into `[global]` of the domain's ptp4l. */
const ptp4lOption: ReadSetting = (version, value) => {
  const [name = "", ...rest] = splitBlanks(value)
  const setting = readSetting({ program: "ptp4l", version, scope: "global" }, name, rest.join(" "))
  switch (setting._tag) {
    case "Refused":
      return refuse(`${name.slice(0, 60)}: ${setting.error}`)
    case "Dropped":
      return ignore(`${name}: ${setting.warning}`)
    case "Kept":
      return {
        value: `${setting.name} ${setting.value}`,
        problems: setting.warning === undefined ? [] : ignore(`${name}: ${setting.warning}`).problems
      }
  }
}

/**
 * Options that timemaster itself puts on the command line. A second one would override the first or end the program.
 */
const givenByTimemaster: Readonly<Record<"ptp4l" | "phc2sys", ReadonlySet<string>>> = {
  ptp4l: new Set(["i", "p", "H", "S", "L"]),
  phc2sys: new Set(["a", "r", "s", "c", "C", "d", "w", "O", "R", "n", "E", "M"])
}

const linuxptpOptions = (program: "ptp4l" | "phc2sys"): ReadSetting => (version, value) => {
  const read = readOptionWords(program, version, splitBlanks(value))
  const given = read.arguments.find((argument) => givenByTimemaster[program].has(argument.name))
  const problems = read.problems.map(({ message, option, severity }) => ({
    severity,
    message: `${option}: ${message}`
  }))
  if (given !== undefined) return refuse(`-${given.name}: not allowed: timemaster gives it itself`)
  return { value: renderArguments(read.arguments).join(" "), problems }
}

const ntpOptions = (program: "chronyd" | "ntpd"): ReadSetting => (_version, value) => {
  const words = splitBlanks(value)
  const fault = findNtpOptionFault(program, words)
  return fault === undefined ? { value: words.join(" "), problems: [] } : refuse(fault)
}

const programPath = (program: string): ReadSetting =>
  owned([program, `/usr/sbin/${program}`, `/usr/bin/${program}`, `/usr/local/sbin/${program}`])

const pollInterval = typed(integer(-7, 24))

/** The settings of each section, by the first word of its name. */
export const timemasterSettings: ReadonlyMap<string, TimemasterSettings> = new Map([
  [
    "timemaster",
    new Map([
      ["ntp_program", typed(word("chronyd", "ntpd"))],
      ["first_shm_segment", typed(shmSegment)],
      ["restart_processes", typed(integer(intMin, intMax))],
      ["use_vclocks", virtualClocks],
      ["rundir", owned(["/var/run/timemaster", "/run/timemaster"])],
      ["user", () => refuse("not allowed: the daemon decides which user programs run as")]
    ])
  ],
  [
    "ntp_server",
    new Map([
      ["minpoll", pollInterval],
      ["maxpoll", pollInterval],
      ["iburst", typed(flag)],
      ["ntp_options", sourceOptions]
    ])
  ],
  [
    "ptp_domain",
    new Map([
      ["interfaces", interfaceNames],
      ["delay", typed(decimal(0, 1))],
      ["ntp_poll", pollInterval],
      ["phc2sys_poll", pollInterval],
      ["ptp4l_option", ptp4lOption],
      ["ntp_options", sourceOptions]
    ])
  ],
  ["chronyd", new Map([["path", programPath("chronyd")], ["options", ntpOptions("chronyd")]])],
  ["ntpd", new Map([["path", programPath("ntpd")], ["options", ntpOptions("ntpd")]])],
  ["phc2sys", new Map([["path", programPath("phc2sys")], ["options", linuxptpOptions("phc2sys")]])],
  ["ptp4l", new Map([["path", programPath("ptp4l")], ["options", linuxptpOptions("ptp4l")]])]
])

/** Reads the settings of one section. Keys may have upper and lower case, as in timemaster. */
export const readTimemasterSettings = (
  version: LinuxptpVersion,
  settings: TimemasterSettings,
  entries: ReadonlyArray<ConfigEntry>
): { readonly entries: ReadonlyArray<ConfigEntry>; readonly problems: ReadonlyArray<ConfigProblem> } => {
  const kept: Array<ConfigEntry> = []
  const problems: Array<ConfigProblem> = []
  for (const { key, line, value } of entries) {
    const name = key.toLowerCase()
    const read = settings.get(name)?.(version, value) ??
      refuse(`not a setting of this section${didYouMeanText(name, settings.keys())}`)
    const isRefused = read.problems.some((problem) => problem.severity === "error")
    if (!isRefused && read.value !== undefined) kept.push({ key: name, value: read.value, line })
    for (const { message, severity } of read.problems) {
      problems.push({ severity, line, option: key.slice(0, 60), message })
    }
  }
  return { entries: kept, problems }
}
