/**
 * How a process is recognised as a descendant of a daemon: by two environment variables, which every child passes on to
 * its own children. The mark of the installation shows a later daemon what an earlier one on the same run directory has
 * left, and nothing that another daemon runs. The mark of the instance shows the guard what belongs to the one daemon
 * that it watches. Neither value is one that a person would set.
 */
import { randomUUID } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { identityOf } from "./RunDirectoryIdentity.ts"

const installationVariable = "LINUXPTP_DAEMON_INSTALLATION"
const instanceVariable = "LINUXPTP_DAEMON_INSTANCE"
const instance = randomUUID()

/** The environment variables of a child: both marks. */
export const markVariables = (runDirectory: string): Readonly<Record<string, string>> => ({
  [installationVariable]: identityOf(runDirectory),
  [instanceVariable]: instance
})

/** Only the children of this run of the daemon carry it. */
export const instanceMark = `${instanceVariable}=${instance}`

/** The children of every daemon with this run directory carry it. */
export const runDirectoryMark = (runDirectory: string): string => `${installationVariable}=${identityOf(runDirectory)}`

const carriesMark = (pid: string, mark: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(mark)
  } catch {
    // The process has ended, is a kernel thread, or may not be read.
    return false
  }
}

/**
 * Living processes that carry the mark, without this one and those that started it. It is a single look: while a
 * process execs it has no environment for a moment, and one that forks and ends may be missed. Zombies have no
 * environment.
 */
export const markedProcesses = (mark: string): ReadonlyArray<number> => {
  const marked = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && carriesMark(name, mark)).map(Number)
  if (marked.length === 0) return marked
  const own = lineage()
  return marked.filter((pid) => !own.has(pid))
}

/** This process, its parent, and so on: whoever was given its environment by hand is not to be ended for that. */
const lineage = (): ReadonlySet<number> => {
  const pids = new Set<number>()
  for (let pid: number | undefined = process.pid; pid !== undefined && pid > 0 && !pids.has(pid); pid = parentOf(pid)) {
    pids.add(pid)
  }
  return pids
}

/** proc_pid_stat(5): the parent is the second field after the name in parentheses. */
const parentOf = (pid: number): number | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])
  } catch {
    return undefined
  }
}
