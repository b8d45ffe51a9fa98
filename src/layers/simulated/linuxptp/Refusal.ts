/**
 * Reasons for a simulated program to end at its start, with the words and exit codes of the real one (main in linuxptp
 * ptp4l.c, phc2sys.c and ts2phc.c). It knows only mistakes that planning cannot find: a NIC that does not exist, or no
 * NIC at all.
 */
import type { OutputLine } from "../../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../../services/processes/ProcessSpec.ts"
import { type CommandLine, hasOption, stampsInHardware, voiceOf } from "./CommandLine.ts"
import { error, type Moment, speak } from "./SimulatedProgram.ts"

/** The last lines and the exit code of a program that does not start. */
export interface Refusal {
  readonly lines: ReadonlyArray<OutputLine>
  readonly exitCode: number
}

/** Undefined if the program would run. */
export const refuse = (spec: ProcessSpec, commandLine: CommandLine, moment: Moment): Refusal | undefined => {
  const complaint = commandLineComplaint(spec, commandLine)
  if (complaint !== undefined) return refusal([complaint, ...usage(spec)])
  if (spec.program !== "ptp4l") return undefined
  const missing = spec.interfaces.find((nic) => moment.node.interfaces.every(({ name }) => name !== nic))
  if (missing !== undefined) return refusal([...missingNicLines(commandLine, moment.now), "failed to create a clock"])
  const blind = stampsInHardware(commandLine) ? spec.interfaces.find((nic) => !hasPhc(nic, moment)) : undefined
  if (blind === undefined) return undefined
  const text = `interface '${blind}' does not support requested timestamping mode`
  return refusal([...framed(commandLine, moment.now, [text]), "failed to create a clock"])
}

const refusal = (texts: ReadonlyArray<string>): Refusal => ({
  lines: texts.map((text) => ({ stream: "stderr", text })),
  exitCode: 255
})

const commandLineComplaint = (spec: ProcessSpec, commandLine: CommandLine): string | undefined => {
  const [letter] = commandLine.unknownLetters
  if (letter !== undefined) return `${spec.program}: invalid option -- '${letter}'`
  if (commandLine.missingFile !== undefined) {
    return `failed to open configuration file ${commandLine.missingFile}: No such file or directory`
  }
  if (spec.program === "ptp4l" && spec.interfaces.length === 0) return "no interface specified"
  return spec.program === "phc2sys" ? phc2sysComplaint(commandLine) : undefined
}

const phc2sysComplaint = (commandLine: CommandLine): string | undefined => {
  const isAutomatic = hasOption(commandLine, "a")
  if (isAutomatic && ["s", "c", "w", "O", "d"].some((name) => hasOption(commandLine, name))) {
    return "autoconfiguration cannot be mixed with manual config options."
  }
  return isAutomatic || hasOption(commandLine, "s") || hasOption(commandLine, "d")
    ? undefined
    : "autoconfiguration or valid source clock must be selected."
}

const usage = ({ program }: ProcessSpec): ReadonlyArray<string> => ["", `usage: ${program} [options]`, ""]

const missingNicLines = (commandLine: CommandLine, now: number): ReadonlyArray<string> =>
  framed(commandLine, now, [
    "ioctl SIOCETHTOOL failed: No such device",
    "ioctl SIOCGIFHWADDR failed: No such device",
    "failed to generate a clock identity"
  ])

const framed = (commandLine: CommandLine, now: number, texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  speak(voiceOf("ptp4l", commandLine), now, texts.map(error)).map(({ text }) => text)

const hasPhc = (nic: string, { node }: Moment): boolean =>
  node.interfaces.some(({ hardwareTimestamping, name }) => name === nic && hardwareTimestamping)
