/**
 * What the plan of each program is made from: one profile, the installed linuxptp and the daemon's directory; and how
 * a process of a profile becomes a value.
 */
import type { PtpProfile } from "../kubernetes/NodePTPCfg.ts"
import { type ConfigFile, renderConfigFile, setOption } from "../linuxptp/ConfigFile.ts"
import type { LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import type { Program } from "../linuxptp/Program.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import { processId } from "./ProcessId.ts"

/** One profile, and what its processes depend on beside it. */
export interface PlanContext {
  /** Name of the NodePTPCfg that holds the profile. */
  readonly config: string
  readonly profile: PtpProfile
  readonly version: LinuxptpVersion
  /** Every process has its own directory below this one. */
  readonly runDir: string
}

/** Id and directory of a program of the profile. */
export const placeOf = (
  context: PlanContext,
  program: Program
): { readonly id: string; readonly directory: string } => {
  const id = processId(program, context.config, context.profile.name)
  return { id, directory: `${context.runDir}/${id}` }
}

/**
 * The settings of a configuration file that are the daemon's: it reads the log from stdout. No option on a command
 * line may say otherwise, since it would win over the file; `readOptions` sees to that.
 */
export const withOwnedSettings = (file: ConfigFile): ConfigFile =>
  setOption(setOption(file, "global", "use_syslog", "0"), "global", "verbose", "1")

/** A program as its plan wants it run. */
export interface ProgramRun {
  readonly program: Program
  /** What follows the program's name, without the file. */
  readonly words: ReadonlyArray<string>
  readonly file: ConfigFile
  readonly after: ReadonlyArray<string>
  readonly interfaces: ReadonlyArray<string>
}

/** The process of `run`: its options, then `-f` with its one file, under the profile's scheduling policy. */
export const processSpec = (context: PlanContext, run: ProgramRun): ProcessSpec => {
  const { directory, id } = placeOf(context, run.program)
  const path = `${directory}/${run.program}.conf`
  const priority = fifoPriority(context.profile)
  // chrt(1) sets the policy and executes the program in its own place.
  const scheduling = priority === undefined ? [] : ["chrt", "--fifo", priority.toString()]
  return {
    id,
    program: run.program,
    profile: context.profile.name,
    config: context.config,
    argv: [...scheduling, run.program, ...run.words, "-f", path],
    files: { [path]: renderConfigFile(run.file) },
    directory,
    after: run.after,
    interfaces: run.interfaces,
    ...(priority === undefined ? {} : { fifoPriority: priority })
  }
}

const fifoPriority = (profile: PtpProfile): number | undefined =>
  profile.ptpSchedulingPolicy === "SCHED_FIFO" ? profile.ptpSchedulingPriority : undefined
