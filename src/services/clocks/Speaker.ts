/**
 * Finds out whose clock a line of a process is about. A process is one program, except timemaster: it passes on the
 * lines of its ptp4l and phc2sys with a tag that names their NICs, and it reports when one of them starts or ends.
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

/** The program that printed the line; undefined if that program has no clock. */
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

/** What timemaster reports about a child. */
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

/** ptp4l gets its NICs by `-i`, phc2sys gets its tag by `-t`. */
const commandInterfaces = (options: string): ReadonlyArray<string> => {
  const named = [...options.matchAll(/(?:^| )-i (\S+)/g)].flatMap(([, nic]) => nic ?? [])
  return named.length > 0 ? named : taggedInterfaces(/(?:^| )-t (\[\S+\])/.exec(options)?.[1])
}

/** A child is named by its program and NICs, because its command line does not always contain its domain. */
export const childName = (program: string, interfaces: ReadonlyArray<string>): string =>
  `${program} ${interfaces.join("+")}`
