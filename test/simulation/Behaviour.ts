/**
 * What a simulated child does in its life, as a value: it works well, unless a fault has planned something else for the
 * next start of its id.
 */
import type { ProcessExit } from "../../src/services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import type { Dice } from "./Dice.ts"

export interface Behaviour {
  /** How long the fork takes. */
  readonly forkMillis: number
  /** From the start to the line that means "ready"; undefined: never. */
  readonly readyAfter: number | undefined
  /** Ends by itself, if nobody ends it before. */
  readonly ends: { readonly after: number; readonly exit: ProcessExit; readonly words: string } | undefined
  /** From SIGTERM to the exit; undefined: SIGTERM is ignored. */
  readonly obeysAfter: number | undefined
  /** It closes its output at once: nothing that it prints is heard. */
  readonly isMute: boolean
  /** Its management socket does not answer. */
  readonly isDeaf: boolean
}

/** How a start fails before there is a process. */
export type StartFailure = "ENOENT" | "ENOSPC" | "EAGAIN" | "EMFILE" | "E2BIG" | "defect"

/** For the next `times` starts of `id`. */
export interface Plan {
  /** Of the fault that made it. */
  readonly kind: string
  readonly id: string
  readonly failure?: StartFailure
  readonly change?: (usual: Behaviour, run: number) => Behaviour
  times: number
}

export const usualBehaviour = (dice: Dice): Behaviour => ({
  forkMillis: dice.chance(0.5) ? 0 : dice.between(1, 20),
  readyAfter: dice.between(5, 2_000),
  ends: undefined,
  obeysAfter: dice.between(0, 400),
  isMute: false,
  isDeaf: false
})

const stamp = (millis: number) => (millis / 1_000).toFixed(3)

/** What each program prints when it works, as recorded of linuxptp (test/fixtures/logs). */
export const readyLines: Readonly<Record<string, (spec: ProcessSpec, millis: number) => string>> = {
  ptp4l: (_, millis) => `ptp4l[${stamp(millis)}]: port 1: INITIALIZING to LISTENING on INIT_COMPLETE`,
  phc2sys: (_, millis) => `phc2sys[${stamp(millis)}]: selecting CLOCK_REALTIME for synchronization`,
  ts2phc: ({ interfaces }, millis) => `ts2phc[${stamp(millis)}]: ${interfaces[0] ?? "ens1f0"} offset 3 s2 freq -7`,
  timemaster: (_, millis) => `timemaster[${stamp(millis)}]: process 4711 started: /usr/sbin/ptp4l -m -q`
}

/** What each prints beside it, all day long. */
export const talk = (program: string, millis: number): string =>
  program === "phc2sys"
    ? `phc2sys[${stamp(millis)}]: Waiting for ptp4l...`
    : `${program}[${stamp(millis)}]: selected local clock 62bd56.fffe.1c046d as best master`

/** linuxptp's farewell when a NIC is missing (fixture ptp4l-missing-interface). */
export const missingNic = {
  after: 12,
  exit: { code: 255 },
  words: "ioctl SIOCETHTOOL failed: No such device\nfailed to create a clock"
}
