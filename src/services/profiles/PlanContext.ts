/**
 * What the plan of each program is made from: one profile, the installed linuxptp and the daemon's directory. It also
 * makes the ProcessSpec of a planned program.
 */
import type { PtpProfile } from "../kubernetes/NodePTPCfg.ts"
import { type ConfigFile, renderConfigFile, setOption } from "../linuxptp/ConfigFile.ts"
import type { LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import type { Program } from "../linuxptp/Program.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import { processId } from "./ProcessId.ts"

/** One profile, and what else its processes depend on. */
export interface PlanContext {
  /** The name of the NodePTPCfg that contains the profile. */
  readonly config: string
  readonly profile: PtpProfile
  readonly version: LinuxptpVersion
  /** The directory that contains a directory for each process. */
  readonly runDir: string
}

/** The id and the directory of a program of the profile. */
export const placeOf = (
  context: PlanContext,
  program: Program
): { readonly id: string; readonly directory: string } => {
  const id = processId(program, context.config, context.profile.name)
  return { id, directory: `${context.runDir}/${id}` }
}

/**
 * Adds the settings of a configuration file that the daemon decides, because it reads the log from stdout. An option on
 * the command line would override the file; `readOptions` makes sure that there is none.
 */
export const withOwnedSettings = (file: ConfigFile): ConfigFile =>
  setOption(setOption(file, "global", "use_syslog", "0"), "global", "verbose", "1")

/** A program as its plan wants to run it. */
export interface ProgramRun {
  readonly program: Program
  /** The words after the program's name, without the file. */
  readonly words: ReadonlyArray<string>
  readonly file: ConfigFile
  readonly after: ReadonlyArray<string>
  readonly interfaces: ReadonlyArray<string>
}

/** The process of `run`: its options, then `-f` with its only file, started with the profile's scheduling policy. */
export const processSpec = (context: PlanContext, run: ProgramRun): ProcessSpec => {
  const { directory, id } = placeOf(context, run.program)
  const path = `${directory}/${run.program}.conf`
  const priority = fifoPriority(context.profile)
  // chrt(1) sets the policy and then executes the program with the same pid.
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
