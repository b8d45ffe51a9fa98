/** Plans a profile's ts2phc, which runs beside ptp4l and steers PHCs by a pulse. It asks ptp4l only with `-a`. */
import { isPulseSource } from "../linuxptp/ClockName.ts"
import { type ConfigFile, setOption } from "../linuxptp/ConfigFile.ts"
import { isInRelease } from "../linuxptp/ConfigOptionRow.ts"
import { readConfigText } from "../linuxptp/ConfigText.ts"
import { optionValue, type ProgramOptions } from "../linuxptp/EffectiveOption.ts"
import type { LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import { type Argument, readOptions, renderArguments } from "../linuxptp/Options.ts"
import { findTs2phcStartFaults } from "../linuxptp/Ts2phcStart.ts"
import { unicastMasterTable } from "../linuxptp/UnicastMasterTable.ts"
import { isInterfaceName } from "../linuxptp/ValuePattern.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import { type PlanContext, processSpec, withOwnedSettings } from "./PlanContext.ts"
import { isError, ofConfigText, ofOptions, planError, type PlanProblem } from "./PlanProblem.ts"
import type { Ptp4lServer } from "./Ptp4lPlan.ts"

/** A profile's ts2phc as a process, and the NICs that it uses. */
export interface Ts2phcPlan {
  readonly spec: ProcessSpec
  readonly interfaces: ReadonlyArray<string>
  /** Those whose clock it steers. */
  readonly sinks: ReadonlyArray<string>
  readonly problems: ReadonlyArray<PlanProblem>
}

/** Plans a ts2phc if the profile has options or configuration text for it. `ptp4l` is that of the same profile. */
export const planTs2phc = (context: PlanContext, ptp4l: Ptp4lServer | undefined): Ts2phcPlan | undefined => {
  const { profile, version } = context
  if (profile.ts2phcOpts === undefined && profile.ts2phcConf === undefined) return undefined
  const options = readOptions("ts2phc", version, profile.ts2phcOpts)
  const text = readConfigText("ts2phc", version, profile.ts2phcConf)
  const asksPtp4l = options.arguments.some(({ name }) => name === "a")
  const server = asksPtp4l ? ptp4l : undefined
  const clocks = clocksOf(options.arguments, text.file)
  // `/dev/ptpN` names no NIC.
  const interfaces = clocks.filter((name) => isInterfaceName(name) && !isPulseSource(name))
  const effective: ProgramOptions = { program: "ts2phc", version, arguments: options.arguments, file: text.file }
  const sinks = clocks.filter((name) => !isPulseSource(name) && optionValue(effective, "ts2phc.master", name) !== "1")
  const read = [...ofOptions("ts2phcOpts", options.problems), ...ofConfigText("ts2phcConf", text.problems)]
  const isQuiet = tellsOffsetsToDebuggersOnly(version)
  const words = options.arguments
    .filter(({ name }) => server === undefined || !decidedByPtp4l.has(name))
    .filter(({ name }) => !isQuiet || !loggingLevel.has(name))
  const owned = withOwnedSettings(isQuiet ? setOption(text.file, "global", "logging_level", "7") : text.file)
  return {
    spec: {
      ...processSpec(context, {
        program: "ts2phc",
        words: renderArguments(words),
        file: following(owned, server),
        after: server === undefined ? [] : [server.id],
        interfaces
      }),
      claims: { interfaces: [], clocks: sinks }
    },
    interfaces,
    sinks: interfaces.filter((name) => sinks.includes(name)),
    problems: [
      ...read,
      ...(asksPtp4l && ptp4l === undefined
        ? [planError("ts2phcOpts", "-a: the profile has no ptp4l to follow")]
        : []),
      ...(read.some(isError) ? [] : findTs2phcStartFaults(effective, clocks))
        .map(({ field, message }) => planError(field, message))
    ]
  }
}

const decidedByPtp4l: ReadonlySet<string> = new Set(["domainNumber", "transportSpecific"])
const loggingLevel: ReadonlySet<string> = new Set(["l", "logging_level"])

/**
 * ts2phc_slave.c, ts2phc_slave_event: without debug messages these versions print no offset, so neither readiness nor
 * the clock's state could be seen.
 */
const tellsOffsetsToDebuggersOnly = (version: LinuxptpVersion): boolean => !isInRelease(version, "4.0")

/** ts2phc has no one-letter options for these. It reads them with the same names as ptp4l. */
const following = (file: ConfigFile, server: Ptp4lServer | undefined): ConfigFile => {
  if (server === undefined) return file
  const settings = {
    uds_address: server.socket,
    domainNumber: server.domainNumber,
    transportSpecific: server.transportSpecific
  }
  return Object.entries(settings).reduce((owned, [key, value]) => setOption(owned, "global", key, value), file)
}

/** The clocks that it steers, and sources that are sections too. */
const clocksOf = (args: ReadonlyArray<Argument>, file: ConfigFile): ReadonlyArray<string> => {
  const typed = args.flatMap(({ name, value }) => (name === "c" && value !== undefined ? [value] : []))
  const sections = file.sections.map(({ name }) => name)
  return [...new Set([...typed, ...sections])].filter((name) => name !== "global" && name !== unicastMasterTable)
}
