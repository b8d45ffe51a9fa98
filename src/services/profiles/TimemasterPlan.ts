/**
 * A profile's timemaster, which supervises ptp4l, phc2sys and chronyd or ntpd itself. All of their files and sockets
 * are put into the process's directory, and their output comes out through timemaster's.
 */
import { type ConfigEntry, type ConfigFile, entriesOf, setOption } from "../linuxptp/ConfigFile.ts"
import { isInRelease } from "../linuxptp/ConfigOptionRow.ts"
import type { LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import { readOptions, renderArguments } from "../linuxptp/Options.ts"
import { lowestLoggingLevel } from "../linuxptp/Setting.ts"
import { readTimemasterText, timemasterInterfaces } from "../linuxptp/TimemasterText.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import { placeOf, type PlanContext, processSpec } from "./PlanContext.ts"
import { ofConfigText, ofOptions, type PlanProblem } from "./PlanProblem.ts"

/** A profile's timemaster as a process, and the NICs that it takes. */
export interface TimemasterPlan {
  readonly spec: ProcessSpec
  /** NICs in the order of the domains. */
  readonly interfaces: ReadonlyArray<string>
  readonly problems: ReadonlyArray<PlanProblem>
}

/** Configuration text starts timemaster; options alone do not. */
export const planTimemaster = (context: PlanContext): TimemasterPlan | undefined => {
  const { profile, version } = context
  if (profile.timemasterConf === undefined) return undefined
  const options = readOptions("timemaster", version, profile.timemasterOpts)
  const text = readTimemasterText(version, profile.timemasterConf)
  const interfaces = timemasterInterfaces(text.file)
  return {
    spec: processSpec(context, {
      program: "timemaster",
      words: [...renderArguments(options.arguments), "-m", "-q"],
      file: withOwnedTimemasterSettings(text.file, version, placeOf(context, "timemaster").directory),
      after: [],
      interfaces
    }),
    interfaces,
    problems: [...ofOptions("timemasterOpts", options.problems), ...ofConfigText("timemasterConf", text.problems)]
  }
}

const withOwnedTimemasterSettings = (file: ConfigFile, version: LinuxptpVersion, directory: string): ConfigFile => {
  const placed = setOption(withoutVirtualClocks(file, version), "timemaster", "rundir", directory)
  const speaking = ["ptp4l", "phc2sys"].reduce(withOutput, placed)
  return lastValue(file, "timemaster", "ntp_program") === "ntpd" ? speaking : withOwnChronyd(speaking, directory)
}

const lastValue = (file: ConfigFile, section: string, key: string): string | undefined =>
  entriesOf(file, section).findLast((entry) => entry.key === key)?.value

/**
 * By default timemaster makes virtual clocks where the kernel can. They outlive a timemaster that is killed and keep
 * others from steering the PHC; and it ends at once where /sys can't be written, as in the daemon's own pod.
 */
const withoutVirtualClocks = (file: ConfigFile, version: LinuxptpVersion): ConfigFile =>
  !isInRelease(version, "4.0") || lastValue(file, "timemaster", "use_vclocks") !== undefined
    ? file
    : setOption(file, "timemaster", "use_vclocks", "0")

/** timemaster starts its children with `-l 5` and without `-m`, which would hide every offset; `options` replaces it. */
const withOutput = (file: ConfigFile, program: string): ConfigFile => {
  const given = lastValue(file, program, "options") ?? ""
  const level = /(?:^| )(?:-l |--logging_level=)/.test(given) ? [] : ["-l", lowestLoggingLevel.toString()]
  const words = [given, ...level, "-m", "-q"].filter((word) => word !== "")
  return setOption(file, program, "options", words.join(" "))
}

/**
 * chronyd's own places and port are those of the host's chronyd too, beside whose pid file it would end at once.
 * Without `-d` it would speak to a syslog that nobody reads.
 */
const withOwnChronyd = (file: ConfigFile, directory: string): ConfigFile => {
  const given = lastValue(file, "chronyd", "options") ?? ""
  const words = given.split(" ").includes("-d") ? given : `${given} -d`.trim()
  return withChronyLines(setOption(file, "chronyd", "options", words), [
    // A folder below, which chronyd makes for its user: it puts no command socket where others may look.
    { key: "pidfile", value: `${directory}/chrony/chronyd.pid`, line: 0 },
    { key: "bindcmdaddress", value: `${directory}/chrony/chronyd.sock`, line: 0 },
    { key: "cmdport", value: "0", line: 0 }
  ])
}

/** timemaster.c, DEFAULT_CHRONYD_SETTINGS: what it writes when there is no `[chrony.conf]`, and only then. */
const chronyDefault: ConfigEntry = { key: "makestep", value: "1 3", line: 0 }

/** In front of the user's: a `cmdport` or an address of theirs comes later and wins. The last `[chrony.conf]` counts. */
const withChronyLines = ({ sections }: ConfigFile, lines: ReadonlyArray<ConfigEntry>): ConfigFile =>
  sections.some(({ name }) => name === "chrony.conf")
    ? {
      sections: sections.map((section) =>
        section.name === "chrony.conf" ? { ...section, entries: [...lines, ...section.entries] } : section
      )
    }
    : { sections: [...sections, { name: "chrony.conf", entries: [...lines, chronyDefault] }] }
