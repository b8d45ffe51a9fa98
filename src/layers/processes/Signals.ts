/**
 * The only calls of kill(2) in this program: to the process group of a child, and to a process that an earlier daemon
 * left. Who is signalled when is decided in StopProcess and RunDirectory.
 */
import { Duration, Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"

/** kill(2) takes 0 for the caller's own group and -1 for everybody; nobody means that here. */
const signal = (pid: number, target: number, name: NodeJS.Signals): void => {
  if (!Number.isSafeInteger(pid) || pid <= 1) return
  try {
    process.kill(target, name)
  } catch {
    // It is gone: what was wanted.
  }
}

/** Signals everybody in the group of this leader; harmless when nobody is left. */
export const signalGroup = (leader: number, name: NodeJS.Signals): void => signal(leader, -leader, name)

/** Kills one process; harmless when it has ended by itself. */
export const killProcess = (pid: number): void => signal(pid, pid, "SIGKILL")

/** How long the kernel may take from SIGKILL to the end of whoever is left of a group. */
const patience = Duration.seconds(1)
const step = Duration.millis(20)

/** Waits until nobody of the group lives any more, at most a second: the kernel holds what is left then. */
export const groupGone = (leader: number): Effect.Effect<void> =>
  Effect.sync(() => hasLivingMember(leader)).pipe(
    Effect.tap((lives) => lives ? Effect.sleep(step) : Effect.void),
    Effect.repeat({ while: (lives) => lives, times: Duration.toMillis(patience) / Duration.toMillis(step) - 1 }),
    Effect.asVoid
  )

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
