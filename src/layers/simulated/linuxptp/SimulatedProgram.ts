/**
 * A simulated program, as the layer that runs it sees it: an immutable value that gets a moment and says what it prints
 * and when it wants to run next. It has no fiber and no clock; the layer sleeps in between.
 */
import type { OutputLine } from "../../../services/processes/ProcessRunner.ts"
import type { SimulatedNode } from "./SimulatedNetwork.ts"

/** States of linuxptp fsm.h, enum port_state, that the simulation enters. */
export type SimulatedPortState = "INITIALIZING" | "FAULTY" | "LISTENING" | "MASTER" | "UNCALIBRATED" | "SLAVE"

/** The answer of a ptp4l on its management socket. */
export interface Ptp4lAnswer {
  readonly clockIdentity: string
  /** False if the ports use software time stamps. */
  readonly usesPhc: boolean
  /** In port order. */
  readonly ports: ReadonlyArray<{ readonly nic: string; readonly state: SimulatedPortState }>
  /** Undefined if its own clock is the best. */
  readonly grandmaster: string | undefined
  /** Undefined before the first one. `ingressTime` is in milliseconds. */
  readonly sample: { readonly offsetNs: number; readonly ingressTime: number; readonly delayNs: number } | undefined
}

/** Everything that a program can see and use at one moment. */
export interface Moment {
  /** Monotonic time in milliseconds. */
  readonly now: number
  readonly node: SimulatedNode
  /** The answer of the ptp4l at this path of a UNIX socket; undefined if none runs there. */
  readonly ask: (socket: string) => Ptp4lAnswer | undefined
  /** The next random number in [0, 1). */
  readonly draw: () => number
  /** A pid for a child of the program. */
  readonly newPid: () => number
}

/** The result of a moment. `wakeAt` is on the same clock as `Moment.now`. */
export interface Step {
  readonly next: SimulatedProgram
  readonly lines: ReadonlyArray<OutputLine>
  readonly wakeAt: number
  /** Set if the program ends by itself. */
  readonly exitCode?: number
}

/** A program between two steps. */
export interface SimulatedProgram {
  readonly step: (moment: Moment) => Step
  /** The paths of its management sockets, which never change. */
  readonly sockets: ReadonlyArray<string>
  /** Its answer on these sockets now; undefined while it does not answer. */
  readonly answer: () => Ptp4lAnswer | undefined
  /** The last lines after SIGTERM. Most programs print none. */
  readonly farewell: (now: number) => ReadonlyArray<OutputLine>
}

/** A message and its level, with syslog's numbers: 3 error, 4 warning, 5 notice, 6 info, 7 debug. */
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
/** Level 6: measurements. It is the last level that is printed by default. */
export const info = (text: string): Message => ({ level: 6, text })
/** Level 7: only printed with `-l 7`. */
export const debug = (text: string): Message => ({ level: 7, text })

/** The frame that a program puts around its lines. */
export interface Voice {
  readonly program: string
  /** The configured `message_tag`; empty if there is none. */
  readonly tag: string
  /** Messages above this level are not printed. */
  readonly loggingLevel: number
}

/**
 * Puts the frame around messages as linuxptp print.c does: `ptp4l[12.345]: tag text`. Warnings and errors go to stderr.
 * `{level}` in the tag is replaced by the digit of the level (linuxptp 4.2 and later).
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
