/**
 * Whose clock a line of a process is about. A process is one program, except timemaster: its ptp4l and phc2sys speak
 * through it with a tag that names their NICs, and it tells itself when one of them starts and ends.
 */
import type { ParsedLogLine } from "../linuxptp/LogEvent.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import { type ClockProgram, isClockProgram } from "./ProgramEvidence.ts"

/** A program within a process. */
export interface Speaker {
  /** Unique in its process. */
  readonly key: string
  readonly program: ClockProgram
  /** NICs in port order. */
  readonly interfaces: ReadonlyArray<string>
}

/** The speaker of a line, when the line is of a program that has a clock. */
export const speakerOf = (spec: ProcessSpec, event: ParsedLogLine): Speaker | undefined => {
  if (event.kind === "unframed") return undefined
  if (isClockProgram(spec.program)) {
    return event.program === spec.program
      ? { key: spec.program, program: spec.program, interfaces: spec.interfaces }
      : undefined
  }
  if (event.program !== "ptp4l" && event.program !== "phc2sys") return undefined
  const key = `${event.program} ${event.tag ?? ""}`
  return { key, program: event.program, interfaces: taggedInterfaces(event.tag) }
}

/** timemaster.c, add_ptp_source: `[<domain>:<interface>+<interface>…]`. */
const taggedInterfaces = (tag: string | undefined): ReadonlyArray<string> =>
  /^\[\d+:(.+)\]$/.exec(tag ?? "")?.[1]?.split("+") ?? []

/** What timemaster says of a child. */
export type ChildMessage =
  | { readonly kind: "started"; readonly pid: number; readonly child: string }
  | { readonly kind: "ended"; readonly pid: number }

const started = /^process (\d+) started: (?:\S*\/)?(ptp4l|phc2sys) (.*)$/
const ended = /^process (\d+) terminated /

/** Reads one message of timemaster (timemaster.c, start_program and script_run); `child` is what `childName` gives. */
export const parseChildMessage = (text: string): ChildMessage | undefined => {
  const [, startedPid, program = "", options = ""] = started.exec(text) ?? []
  if (startedPid !== undefined) {
    return { kind: "started", pid: Number(startedPid), child: childName(program, commandInterfaces(options)) }
  }
  const [, endedPid] = ended.exec(text) ?? []
  return endedPid === undefined ? undefined : { kind: "ended", pid: Number(endedPid) }
}

/** ptp4l has its NICs as `-i`, phc2sys its tag as `-t`. */
const commandInterfaces = (options: string): ReadonlyArray<string> => {
  const named = [...options.matchAll(/(?:^| )-i (\S+)/g)].flatMap(([, nic]) => nic ?? [])
  return named.length > 0 ? named : taggedInterfaces(/(?:^| )-t (\[\S+\])/.exec(options)?.[1])
}

/** A child by its program and NICs: its command line does not always tell its domain. */
export const childName = (program: string, interfaces: ReadonlyArray<string>): string =>
  `${program} ${interfaces.join("+")}`
