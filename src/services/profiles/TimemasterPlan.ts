/**
 * Plans a profile's timemaster, which itself supervises ptp4l, phc2sys and chronyd or ntpd. All their files and sockets
 * are in the process's directory, and timemaster passes on their output.
 */
import { type ConfigEntry, type ConfigFile, entriesOf, setOption } from "../linuxptp/ConfigFile.ts"
import { currentName } from "../linuxptp/ConfigOption.ts"
import { isInRelease } from "../linuxptp/ConfigOptionRow.ts"
import type { LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import { readOptions, renderArguments } from "../linuxptp/Options.ts"
import { findPtp4lStartFaults } from "../linuxptp/Ptp4lStart.ts"
import { lowestLoggingLevel } from "../linuxptp/Setting.ts"
import { rawPtp4lSections, readTimemasterText, timemasterInterfaces } from "../linuxptp/TimemasterText.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import { placeOf, type PlanContext, processSpec } from "./PlanContext.ts"
import { isError, ofConfigText, ofOptions, planError, type PlanProblem } from "./PlanProblem.ts"

/** A profile's timemaster as a process, and the NICs that it uses. */
export interface TimemasterPlan {
  readonly spec: ProcessSpec
  /** NICs in the order of the domains. */
  readonly interfaces: ReadonlyArray<string>
  readonly problems: ReadonlyArray<PlanProblem>
}

/** Plans a timemaster if the profile has configuration text for it; options alone do not start one. */
export const planTimemaster = (context: PlanContext): TimemasterPlan | undefined => {
  const { profile, version } = context
  if (profile.timemasterConf === undefined) return undefined
  const options = readOptions("timemaster", version, profile.timemasterOpts)
  const text = readTimemasterText(version, profile.timemasterConf)
  const interfaces = timemasterInterfaces(text.file)
  const read = [...ofOptions("timemasterOpts", options.problems), ...ofConfigText("timemasterConf", text.problems)]
  return {
    spec: {
      ...processSpec(context, {
        program: "timemaster",
        words: [...renderArguments(options.arguments), "-m", "-q"],
        file: withOwnedTimemasterSettings(text.file, version, placeOf(context, "timemaster").directory),
        after: [],
        interfaces
      }),
      claims: { interfaces, clocks: interfaces }
    },
    interfaces,
    problems: [...read, ...(read.some(isError) ? [] : startProblems(version, text.file))]
  }
}

/**
 * What the ptp4l of each domain would refuse at its start; timemaster then ends too. timemaster makes every ptp4l a
 * client, and decides about time stamps. Ports that share a PHC share a ptp4l, so a domain counts as one.
 */
const startProblems = (version: LinuxptpVersion, file: ConfigFile): ReadonlyArray<PlanProblem> =>
  file.sections.filter(({ name }) => name.startsWith("ptp_domain ")).flatMap((domain) => {
    const options = domain.entries.filter(({ key }) => key === "ptp4l_option").map(({ line, value }) => {
      const [key = "", ...rest] = value.split(" ")
      return { key, value: rest.join(" "), line }
    })
    const client = { key: currentName(version, "clientOnly"), value: "1", line: 0 }
    const global = { name: "global", entries: [...options, client] }
    const sections = [...rawPtp4lSections(file), global]
    const ports = timemasterInterfaces({ sections: [domain] })
    return findPtp4lStartFaults({ program: "ptp4l", version, arguments: [], file: { sections } }, ports)
      .map((fault) => planError("timemasterConf", `[${domain.name}]: ${fault}`))
  })

const withOwnedTimemasterSettings = (file: ConfigFile, version: LinuxptpVersion, directory: string): ConfigFile => {
  const placed = setOption(withoutVirtualClocks(file, version), "timemaster", "rundir", directory)
  const speaking = ["ptp4l", "phc2sys"].reduce(withOutput, placed)
  return lastValue(file, "timemaster", "ntp_program") === "ntpd" ? speaking : withOwnChronyd(speaking, directory)
}

const lastValue = (file: ConfigFile, section: string, key: string): string | undefined =>
  entriesOf(file, section).findLast((entry) => entry.key === key)?.value

/**
 * By default timemaster creates virtual clocks if the kernel supports them. These outlive a killed timemaster and keep
 * other programs from steering the PHC. And timemaster ends at once if it cannot write to /sys, as in the daemon's own
 * pod.
 */
const withoutVirtualClocks = (file: ConfigFile, version: LinuxptpVersion): ConfigFile =>
  !isInRelease(version, "4.0") || lastValue(file, "timemaster", "use_vclocks") !== undefined
    ? file
    : setOption(file, "timemaster", "use_vclocks", "0")

/**
 * timemaster starts its children with `-l 5` and without `-m`, so no offset would be printed. `options` replaces that.
 */
const withOutput = (file: ConfigFile, program: string): ConfigFile => {
  const given = lastValue(file, program, "options") ?? ""
  const level = /(?:^| )(?:-l |--logging_level=)/.test(given) ? [] : ["-l", lowestLoggingLevel.toString()]
  const words = [given, ...level, "-m", "-q"].filter((word) => word !== "")
  return setOption(file, program, "options", words.join(" "))
}

/**
 * chronyd's default paths and port are also those of the host's chronyd, and chronyd ends at once if its pid file
 * exists. Without `-d` it would log to a syslog that nobody reads.
 */
const withOwnChronyd = (file: ConfigFile, directory: string): ConfigFile => {
  const given = lastValue(file, "chronyd", "options") ?? ""
  const words = given.split(" ").includes("-d") ? given : `${given} -d`.trim()
  return withChronyLines(setOption(file, "chronyd", "options", words), [
    // In a sub-folder that chronyd creates for its user: it refuses to create a command socket where others have
    // access.
    { key: "pidfile", value: `${directory}/chrony/chronyd.pid`, line: 0 },
    { key: "bindcmdaddress", value: `${directory}/chrony/chronyd.sock`, line: 0 },
    { key: "cmdport", value: "0", line: 0 }
  ])
}

/** timemaster.c, DEFAULT_CHRONYD_SETTINGS: timemaster writes this line only if there is no `[chrony.conf]`. */
const chronyDefault: ConfigEntry = { key: "makestep", value: "1 3", line: 0 }

/**
 * Before the user's lines, so that a `cmdport` or an address of the user overrides them. Of several `[chrony.conf]` the
 * last one counts.
 */
const withChronyLines = ({ sections }: ConfigFile, lines: ReadonlyArray<ConfigEntry>): ConfigFile =>
  sections.some(({ name }) => name === "chrony.conf")
    ? {
      sections: sections.map((section) =>
        section.name === "chrony.conf" ? { ...section, entries: [...lines, ...section.entries] } : section
      )
    }
    : { sections: [...sections, { name: "chrony.conf", entries: [...lines, chronyDefault] }] }
