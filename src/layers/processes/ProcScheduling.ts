/** Reads from /proc how the kernel schedules a process, which may differ from how it was started. */
import { readFileSync } from "node:fs"
import type { Scheduling } from "../../services/processes/ProcessRunner.ts"

/** sched.h: SCHED_OTHER 0, SCHED_FIFO 1, SCHED_RR 2. Batch, idle and deadline do not matter here. */
const policies: Readonly<Record<string, Scheduling["policy"]>> = {
  "0": "SCHED_OTHER",
  "1": "SCHED_FIFO",
  "2": "SCHED_RR"
}

/**
 * Reads one `/proc/PID/stat` (proc_pid_stat(5): field 40 is rt_priority, 41 is policy). Undefined if the text has
 * another form.
 */
export const parseScheduling = (stat: string): Scheduling | undefined => {
  // Field 2 is the program's name in parentheses. The name itself may contain blanks and parentheses.
  const fromField3 = stat.slice(stat.lastIndexOf(")") + 1).trim().split(" ")
  const [priority, policy] = fromField3.slice(40 - 3, 42 - 3)
  return priority === undefined || policy === undefined || !/^\d+$/.test(priority)
    ? undefined
    : { policy: policies[policy] ?? "other", priority: Number(priority) }
}

/** Undefined if there is no such process. */
export const schedulingOf = (pid: number): Scheduling | undefined => {
  try {
    return parseScheduling(readFileSync(`/proc/${pid}/stat`, "latin1"))
  } catch {
    return undefined
  }
}
