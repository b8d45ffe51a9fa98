/**
 * What one simulated program is to the layer that runs it: an immutable value which, shown the moment, says what it
 * prints and when it wants to look again. No fibers, no clock: whoever runs it sleeps in between.
 */
import type { OutputLine } from "../../../services/processes/ProcessRunner.ts"
import type { SimulatedNode } from "./SimulatedNetwork.ts"

/** States of linuxptp fsm.h, enum port_state, that the simulation enters. */
export type SimulatedPortState = "INITIALIZING" | "FAULTY" | "LISTENING" | "MASTER" | "UNCALIBRATED" | "SLAVE"

/** What a ptp4l answers on its management socket. */
export interface Ptp4lAnswer {
  readonly clockIdentity: string
  /** False when the ports stamp in software. */
  readonly usesPhc: boolean
  /** In port order. */
  readonly ports: ReadonlyArray<{ readonly nic: string; readonly state: SimulatedPortState }>
}

/** Everything a program can see and draw on at one instant. */
export interface Moment {
  /** Monotonic clock, in milliseconds. */
  readonly now: number
  readonly node: SimulatedNode
  /** What the ptp4l behind this path of a UNIX socket answers; undefined when none runs there. */
  readonly ask: (socket: string) => Ptp4lAnswer | undefined
  /** The next random number in [0, 1). */
  readonly draw: () => number
  /** A pid for a child of the program. */
  readonly newPid: () => number
}

/** What came of a moment. `wakeAt` is on the clock of `Moment.now`. */
export interface Step {
  readonly next: SimulatedProgram
  readonly lines: ReadonlyArray<OutputLine>
  readonly wakeAt: number
  /** Set when the program ends by itself. */
  readonly exitCode?: number
}

/** A program between two steps. */
export interface SimulatedProgram {
  readonly step: (moment: Moment) => Step
  /** Paths of its management sockets, the same for its whole life. */
  readonly sockets: ReadonlyArray<string>
  /** What it answers there now; undefined while it does not. */
  readonly answer: () => Ptp4lAnswer | undefined
  /** Last lines after SIGTERM; most programs have none. */
  readonly farewell: (now: number) => ReadonlyArray<OutputLine>
}

/** A message and its level, syslog's numbers: 3 error, 4 warning, 5 notice, 6 info, 7 debug. */
export interface Message {
  readonly level: 3 | 4 | 5 | 6 | 7
  readonly text: string
}

/** Level 3: goes to stderr. */
export const error = (text: string): Message => ({ level: 3, text })
/** Level 4: goes to stderr. */
export const warning = (text: string): Message => ({ level: 4, text })
/** Level 5: changes of state. */
export const notice = (text: string): Message => ({ level: 5, text })
/** Level 6: measurements, the last level that is printed by default. */
export const info = (text: string): Message => ({ level: 6, text })
/** Level 7: printed with `-l 7` only. */
export const debug = (text: string): Message => ({ level: 7, text })

/** How a program frames its lines. */
export interface Voice {
  readonly program: string
  /** `message_tag` as configured; empty for none. */
  readonly tag: string
  /** Messages above this level are not printed. */
  readonly loggingLevel: number
}

/**
 * Frames messages as linuxptp print.c does: `ptp4l[12.345]: tag text`. Warnings and errors go to stderr.
 * `{level}` in the tag becomes the level's digit (linuxptp 4.2 and later).
 */
export const speak = (voice: Voice, now: number, messages: ReadonlyArray<Message>): ReadonlyArray<OutputLine> =>
  messages
    .filter(({ level }) => level <= voice.loggingLevel)
    .map(({ level, text }) => {
      const tag = voice.tag === "" ? "" : `${voice.tag.replaceAll("{level}", String(level))} `
      return { stream: level <= 4 ? "stderr" : "stdout", text: `${voice.program}[${uptime(now)}]: ${tag}${text}` }
    })

/** `12.345` seconds of 12,345.6 ms. */
const uptime = (now: number): string => `${Math.floor(now / 1000)}.${String(Math.floor(now % 1000)).padStart(3, "0")}`
