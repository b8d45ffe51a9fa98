/**
 * How a process is recognised as a descendant of this daemon: by two environment variables, which every child passes on
 * to its own children. The mark of the run directory shows a later daemon what an earlier one has left. The mark of the
 * instance shows the guard what belongs to the one daemon that it watches.
 */
import { randomUUID } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"

const runDirectoryVariable = "LINUXPTP_DAEMON_RUN_DIR"
const instanceVariable = "LINUXPTP_DAEMON_INSTANCE"
const instance = randomUUID()

/** The environment variables of a child: both marks. */
export const markVariables = (runDirectory: string): Readonly<Record<string, string>> => ({
  [runDirectoryVariable]: runDirectory,
  [instanceVariable]: instance
})

/** Only the children of this run of the daemon carry it. */
export const instanceMark = `${instanceVariable}=${instance}`

/** The children of every daemon with this run directory carry it. */
export const runDirectoryMark = (runDirectory: string): string => `${runDirectoryVariable}=${runDirectory}`

const carriesMark = (pid: string, mark: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(mark)
  } catch {
    // The process has ended, is a kernel thread, or may not be read.
    return false
  }
}

/**
 * Living processes that carry the mark, without this one. It is a single look: while a process execs it has no
 * environment for a moment, and one that forks and ends may be missed. Zombies have no environment.
 */
export const markedProcesses = (mark: string): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => carriesMark(pid, mark))
    .map(Number)
