/**
 * How a process is known to be a descendant of this program: by two variables in its environment, which every child
 * hands on to its own. The run directory tells a later daemon what an earlier one left; the instance tells the guard
 * what belongs to the one daemon that it watches.
 */
import { randomUUID } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"

const runDirectoryVariable = "LINUXPTP_DAEMON_RUN_DIR"
const instanceVariable = "LINUXPTP_DAEMON_INSTANCE"
const instance = randomUUID()

/** Environment variables of a child: both marks. */
export const markVariables = (runDirectory: string): Readonly<Record<string, string>> => ({
  [runDirectoryVariable]: runDirectory,
  [instanceVariable]: instance
})

/** Carried by the children of this run of the program, never by those of another. */
export const instanceMark = `${instanceVariable}=${instance}`

/** Carried by the children of every daemon on this run directory. */
export const runDirectoryMark = (runDirectory: string): string => `${runDirectoryVariable}=${runDirectory}`

const carriesMark = (pid: string, mark: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(mark)
  } catch {
    // Gone in between, or a kernel thread, or not ours to read.
    return false
  }
}

/**
 * Living processes that carry the mark, without this one, as of one look: a process shows no environment for a moment
 * while it execs, and one that forks and ends may be passed by. Zombies have no environment.
 */
export const markedProcesses = (mark: string): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => carriesMark(pid, mark))
    .map(Number)
