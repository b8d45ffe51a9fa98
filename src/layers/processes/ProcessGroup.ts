/** Process groups, as signals reach them and as /proc shows them: a child is the leader of its own. */
import { readdirSync, readFileSync } from "node:fs"

/** Signals everybody in the group of this leader; harmless when nobody is left. */
export const signalGroup = (leader: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-leader, signal)
  } catch {
    // The group is gone: what was wanted.
  }
}

/** How long the kernel may take from SIGKILL to the end of whoever is left of a group. */
const patienceMillis = 1_000
const stepMillis = 20

/** Resolves when nobody of the group lives any more, or after a second: the kernel holds what is left then. */
export const groupGone = async (leader: number): Promise<void> => {
  for (let waited = 0; waited < patienceMillis && hasLivingMember(leader); waited += stepMillis) {
    await new Promise((resolve) => setTimeout(resolve, stepMillis))
  }
}

/** Not by signal 0, which also finds zombies that nobody reaps. */
const hasLivingMember = (leader: number): boolean => {
  try {
    return readdirSync("/proc").some((name) => /^\d+$/.test(name) && livesInGroup(name, leader))
  } catch {
    // No descriptor is left to look with: everybody was killed, and that has to do.
    return false
  }
}

/** proc_pid_stat(5): behind the name in parentheses stand state, parent and group. */
const livesInGroup = (pid: string, leader: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return group === String(leader) && state !== "Z" && state !== "X"
  } catch {
    return false
  }
}
