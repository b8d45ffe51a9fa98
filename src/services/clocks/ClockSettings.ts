/**
 * What the command line and the configuration file of a process say about the clocks that it steers. A log does not
 * tell these things, and a verdict depends on them. Pure.
 */
import { readConfigText } from "../linuxptp/ConfigText.ts"
import { optionValue, type ProgramOptions } from "../linuxptp/EffectiveOption.ts"
import type { LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import { readOptionWords } from "../linuxptp/Options.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import { type ClockProgram, isClockProgram } from "./ProgramEvidence.ts"

export interface ClockSettings {
  /**
   * Whether a port of ptp4l is to follow a master: none ever does, one is meant to, or the best master algorithm
   * decides between equals.
   */
  readonly follows: "Never" | "Meant" | "Perhaps"
  /** Smaller offsets are only slewed. Infinite where the servo never steps, but for its first sample. */
  readonly stepThresholdNs: number
  /** ts2phc: what it takes the time from, `nmea`, `generic` or a NIC or PHC; `ptp4l` where ptp4l says it (`-a`). */
  readonly pulseSource: string
  /** phc2sys: it follows what ptp4l follows (`-a`). */
  readonly isAutomatic: boolean
}

/** Settings of a process with children: theirs are not known. */
const unknownSettings: ClockSettings = {
  follows: "Perhaps",
  stepThresholdNs: 0,
  pulseSource: "generic",
  isAutomatic: false
}

/** It knows all names. Which of them a version has was checked before the process was started. */
const anyVersion: LinuxptpVersion = { major: 4, minor: 4, patch: 0 }

/** The settings of a process as it was planned. */
export const clockSettings = ({ argv, files, interfaces, program }: ProcessSpec): ClockSettings => {
  if (!isClockProgram(program)) return unknownSettings
  const options = effectiveOptions(program, argv, files)
  const stepThreshold = Number(optionValue(options, "step_threshold"))
  const isAutomatic = options.arguments.some(({ name }) => name === "a")
  return {
    follows: program === "ptp4l" ? followsOf(options, interfaces) : "Perhaps",
    stepThresholdNs: stepThreshold > 0 ? stepThreshold * 1e9 : Infinity,
    pulseSource: isAutomatic ? "ptp4l" : pulseSourceOf(options),
    isAutomatic
  }
}

/** A scheduling policy may stand before the program. What the daemon added itself is left out. */
const effectiveOptions = (
  program: ClockProgram,
  argv: ProcessSpec["argv"],
  files: ProcessSpec["files"]
): ProgramOptions => {
  const words = argv.slice(argv.indexOf(program) + 1)
  const [text] = Object.values(files)
  return {
    program,
    version: anyVersion,
    arguments: readOptionWords(program, anyVersion, words).arguments,
    file: readConfigText(program, anyVersion, text).file
  }
}

/** clockClass: IEEE 1588-2019 9.3.3, a clock of class 127 or better never follows another one. */
const bestClassThatFollows = 128

const followsOf = (options: ProgramOptions, ports: ReadonlyArray<string>): ClockSettings["follows"] => {
  const serving = ports.filter((port) => optionValue(options, "serverOnly", port) === "1")
  const clockClass = Number(optionValue(options, "clockClass"))
  if ((ports.length > 0 && serving.length === ports.length) || clockClass < bestClassThatFollows) return "Never"
  const isClient = [undefined, ...ports].some((port) => optionValue(options, "clientOnly", port) === "1")
  return isClient || serving.length > 0 || optionValue(options, "clock_type") === "BC" ? "Meant" : "Perhaps"
}

/** ts2phc.c, main: `-s`, or the section that is marked as the source. */
const pulseSourceOf = ({ arguments: args, file }: ProgramOptions): string =>
  args.findLast(({ name }) => name === "s")?.value ??
    file.sections.find(({ entries }) => entries.some(({ key, value }) => key === "ts2phc.master" && value === "1"))
      ?.name ??
    unknownSettings.pulseSource
