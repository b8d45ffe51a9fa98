/** Plans a profile's ptp4l: its ports in order, its own sockets, and what phc2sys and ts2phc must know about it. */
import { type ConfigFile, type ConfigProblem, setOption } from "../linuxptp/ConfigFile.ts"
import { readConfigText } from "../linuxptp/ConfigText.ts"
import { optionValue, type ProgramOptions } from "../linuxptp/EffectiveOption.ts"
import { isAtLeast } from "../linuxptp/LinuxptpVersion.ts"
import { type Argument, readOptions, renderArguments } from "../linuxptp/Options.ts"
import { findPtp4lStartFaults } from "../linuxptp/Ptp4lStart.ts"
import { isInterfaceName } from "../linuxptp/ValuePattern.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import { placeOf, type PlanContext, processSpec, withOwnedSettings } from "./PlanContext.ts"
import { isError, ofConfigText, ofOptions, planError, type PlanProblem } from "./PlanProblem.ts"
import { longestSocketPath } from "./ProcessId.ts"

/** How a client reaches a ptp4l. With a wrong socket, domain or transportSpecific the client would wait for ever. */
export interface Ptp4lServer {
  readonly id: string
  readonly socket: string
  readonly domainNumber: string
  readonly transportSpecific: string
  /** `time_stamping` in linuxptp's spelling. */
  readonly timeStamping: string
  /** NICs in port order. */
  readonly interfaces: ReadonlyArray<string>
}

/** A profile's ptp4l as a process, and what other programs must know about it. */
export interface Ptp4lPlan {
  readonly spec: ProcessSpec
  readonly server: Ptp4lServer
  /** NICs in port order. */
  readonly interfaces: ReadonlyArray<string>
  readonly writesSystemClock: boolean
  readonly problems: ReadonlyArray<PlanProblem>
}

/** Plans a ptp4l if the profile has options or configuration text for it; `interface` alone does not start one. */
export const planPtp4l = (context: PlanContext): Ptp4lPlan | undefined => {
  const { profile, version } = context
  if (profile.ptp4lOpts === undefined && profile.ptp4lConf === undefined) return undefined
  const options = readOptions("ptp4l", version, profile.ptp4lOpts)
  const text = readConfigText("ptp4l", version, profile.ptp4lConf)
  const { file, interfaces, problems } = withInterface(profile.interface?.trim(), options.arguments, text.file)
  const effective: ProgramOptions = { program: "ptp4l", version, arguments: options.arguments, file }
  const { directory, id } = placeOf(context, "ptp4l")
  const socket = `${directory}/ptp4l`
  const domainNumber = optionValue(effective, "domainNumber") ?? "0"
  const transportSpecific = optionValue(effective, "transportSpecific") ?? "0"
  const read = [...ofOptions("ptp4lOpts", options.problems), ...ofConfigText("ptp4lConf", text.problems)]
  return {
    spec: {
      ...processSpec(context, {
        program: "ptp4l",
        words: renderArguments(options.arguments),
        file: withSockets(context, withOwnedSettings(file), socket),
        after: [],
        interfaces
      }),
      claims: { interfaces, clocks: steersClocks(effective) ? interfaces : [] },
      management: { path: socket, domainNumber: Number(domainNumber), transportSpecific: Number(transportSpecific) }
    },
    server: {
      id,
      socket,
      domainNumber,
      transportSpecific,
      timeStamping: optionValue(effective, "time_stamping") ?? "hardware",
      interfaces
    },
    interfaces,
    writesSystemClock: writesSystemClock(effective),
    problems: [
      ...read,
      // A port that could not be read is told as such; that it is missing then says nothing new.
      ...(text.problems.some(isUnreadHead) ? [] : problems),
      ...(read.some(isError) ? [] : startProblems(context, effective, interfaces)),
      ...pathProblems(`${socket}ro`)
    ]
  }
}

const isUnreadHead = ({ option, severity }: ConfigProblem): boolean => severity === "error" && option.startsWith("[")

/** What options say together is told where most of them stand. */
const startProblems = (
  { profile }: PlanContext,
  options: ProgramOptions,
  ports: ReadonlyArray<string>
): ReadonlyArray<PlanProblem> =>
  findPtp4lStartFaults(options, ports).map((fault) =>
    planError(profile.ptp4lConf === undefined ? "ptp4lOpts" : "ptp4lConf", fault)
  )

/**
 * The sockets are set in `[global]`. At the end of the file they would belong to the last port. ptp4lro exists since
 * linuxptp 4.0.
 */
const withSockets = ({ version }: PlanContext, file: ConfigFile, socket: string): ConfigFile => {
  const owned = setOption(file, "global", "uds_address", socket)
  return isAtLeast(version, 4, 0) ? setOption(owned, "global", "uds_ro_address", `${socket}ro`) : owned
}

/**
 * A NIC that is named neither in the options nor in the text becomes the last port, so that the others keep their
 * numbers.
 */
const withInterface = (
  name: string | undefined,
  args: ReadonlyArray<Argument>,
  file: ConfigFile
): {
  readonly file: ConfigFile
  readonly interfaces: ReadonlyArray<string>
  readonly problems: ReadonlyArray<PlanProblem>
} => {
  const named = portsOf(args, file)
  if (name !== undefined && !isInterfaceName(name)) {
    return { file, interfaces: named, problems: [planError("interface", "is not an interface name")] }
  }
  if (name !== undefined && !named.includes(name)) {
    const sections = [...file.sections, { name, entries: [] }]
    return { file: { sections }, interfaces: [...named, name], problems: [] }
  }
  const missing = "is missing: ptp4l needs an interface, here or as a port section of ptp4lConf"
  return { file, interfaces: named, problems: named.length === 0 ? [planError("interface", missing)] : [] }
}

/** linuxptp numbers the ports of `-i` first, then the other ports in the file (ptp4l.c, main). */
const portsOf = (args: ReadonlyArray<Argument>, file: ConfigFile): ReadonlyArray<string> => {
  const typed = args.flatMap(({ name, value }) => (name === "i" && value !== undefined ? [value] : []))
  const sections = file.sections.map((section) => section.name)
  return [...new Set([...typed, ...sections.filter((name) => name !== "global" && name !== "unicast_master_table")])]
}

/** The other kinds of time stamps come from the PHCs of its NICs. */
const steersClocks = (options: ProgramOptions): boolean =>
  optionValue(options, "time_stamping") !== "software" && optionValue(options, "free_running") !== "1"

/** With software time stamps ptp4l steers the system clock, unless it only measures or feeds another program. */
const writesSystemClock = (options: ProgramOptions): boolean =>
  optionValue(options, "time_stamping") === "software" && optionValue(options, "free_running") !== "1" &&
  !["nullf", "ntpshm", "refclock_sock"].includes(optionValue(options, "clock_servo") ?? "")

const pathProblems = (longest: string): ReadonlyArray<PlanProblem> =>
  new TextEncoder().encode(longest).length <= longestSocketPath
    ? []
    : [planError("", `can't run: with this run directory a socket path has more than ${longestSocketPath} bytes`)]
