/**
 * A profile's timemaster, which supervises ptp4l, phc2sys and chronyd or ntpd itself. All of their files and sockets
 * are put into the process's directory, and their output comes out through timemaster's.
 */
import { type ConfigFile, entriesOf, setOption } from "../linuxptp/ConfigFile.ts"
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
  const file = setOption(text.file, "timemaster", "rundir", placeOf(context, "timemaster").directory)
  return {
    spec: processSpec(context, {
      program: "timemaster",
      words: [...renderArguments(options.arguments), "-m", "-q"],
      file: ["ptp4l", "phc2sys"].reduce(withOutput, file),
      after: [],
      interfaces
    }),
    interfaces,
    problems: [...ofOptions("timemasterOpts", options.problems), ...ofConfigText("timemasterConf", text.problems)]
  }
}

/** timemaster starts its children with `-l 5` and without `-m`, which would hide every offset; `options` replaces it. */
const withOutput = (file: ConfigFile, program: string): ConfigFile => {
  const given = entriesOf(file, program).findLast((entry) => entry.key === "options")?.value ?? ""
  const level = /(?:^| )(?:-l |--logging_level=)/.test(given) ? [] : ["-l", lowestLoggingLevel.toString()]
  const words = [given, ...level, "-m", "-q"].filter((word) => word !== "")
  return setOption(file, program, "options", words.join(" "))
}
