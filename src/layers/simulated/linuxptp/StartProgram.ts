/** Makes the simulated program that a ProcessSpec starts. */
import type { LinuxptpVersion } from "../../../services/linuxptp/LinuxptpVersion.ts"
import type { ProcessSpec } from "../../../services/processes/ProcessSpec.ts"
import { type CommandLine, readCommandLine, voiceOf } from "./CommandLine.ts"
import { readPhc2sysSettings } from "./Phc2sysSettings.ts"
import { readPtp4lSettings } from "./Ptp4lSettings.ts"
import { refuse } from "./Refusal.ts"
import { simulatedPhc2sys } from "./SimulatedPhc2sys.ts"
import type { SimulatedProgram } from "./SimulatedProgram.ts"
import { simulatedPtp4l } from "./SimulatedPtp4l.ts"
import { simulatedTimemaster } from "./SimulatedTimemaster.ts"
import { readTs2phcSettings, simulatedTs2phc } from "./SimulatedTs2phc.ts"

/** The node and the linuxptp that is installed there. */
export interface Installation {
  readonly nodeName: string
  readonly version: LinuxptpVersion
}

/** The program before its first step. It may refuse to run. */
export const startProgram = (spec: ProcessSpec, installation: Installation): SimulatedProgram => {
  const commandLine = readCommandLine(spec)
  const program = accepted(spec, commandLine, installation)
  return {
    ...program,
    step: (moment) => {
      const refusal = refuse(spec, commandLine, moment)
      return refusal === undefined ? program.step(moment) : { ...refusal, next: program, wakeAt: Infinity }
    }
  }
}

const accepted = (
  spec: ProcessSpec,
  commandLine: CommandLine,
  installation: Installation
): SimulatedProgram => {
  const { nodeName, version } = installation
  switch (spec.program) {
    case "ptp4l":
      return simulatedPtp4l(readPtp4lSettings(spec, commandLine, version), nodeName)
    case "phc2sys":
      return simulatedPhc2sys(readPhc2sysSettings(commandLine, version))
    case "ts2phc":
      return simulatedTs2phc(readTs2phcSettings(commandLine, version))
    case "timemaster":
      return simulatedTimemaster({
        spec,
        version,
        voice: voiceOf("timemaster", commandLine),
        startChild: (child) => startProgram(child, installation)
      })
    default:
      throw new Error(`${spec.program} is not simulated`)
  }
}
