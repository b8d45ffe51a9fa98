/** Reads from /proc what the kernel does with a process just now: one file of 1.5 KB from memory, some 30 µs. */
import { readFileSync } from "node:fs"
import type { Vitals } from "../../services/processes/ProcessRunner.ts"

/** Undefined if the text is not that of a process. The counts are those of the main thread. */
export const parseVitals = (status: string): Vitals | undefined => {
  const state = /^State:\t(\S)/m.exec(status)?.[1]
  const voluntary = /^voluntary_ctxt_switches:\t(\d+)$/m.exec(status)?.[1]
  const forced = /^nonvoluntary_ctxt_switches:\t(\d+)$/m.exec(status)?.[1]
  return state === undefined || voluntary === undefined || forced === undefined
    ? undefined
    : { state, switches: Number(voluntary) + Number(forced) }
}

/** Undefined if there is no such process. */
export const vitalsOf = (pid: number): Vitals | undefined => {
  try {
    return parseVitals(readFileSync(`/proc/${pid}/status`, "latin1"))
  } catch {
    return undefined
  }
}
