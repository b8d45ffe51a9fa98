/**
 * How supervised processes are signalled. The callers decide who gets a signal and when: StopProcess (an ordered stop),
 * FiberProcessSupervisor (the last resort of a shutdown), SpawnChild (what a dead child left in its group) and
 * RunDirectory (what an earlier daemon left). When the daemon dies itself, the kernel kills its children (SpawnChild) and
 * the guard theirs (DaemonGuard).
 */
import { Duration, Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"

/** kill(2) takes 0 for the caller's own group and -1 for every process. Neither is ever meant here. */
const signal = (pid: number, target: number, name: NodeJS.Signals): void => {
  if (!Number.isSafeInteger(pid) || pid <= 1) return
  try {
    process.kill(target, name)
  } catch {
    // The process is already gone.
  }
}

/** Sends a signal to the group of this leader. Harmless if nobody is left in it. */
export const signalGroup = (leader: number, name: NodeJS.Signals): void => signal(leader, -leader, name)

/** Kills one process. Harmless if it has already ended. */
export const killProcess = (pid: number): void => signal(pid, pid, "SIGKILL")

/** How long the rest of a group may need to end after SIGKILL. */
const patience = Duration.seconds(1)
const step = Duration.millis(20)

/** Waits until nobody in the group is alive, at most one second; after that the kernel holds what is left. */
export const groupGone = (leader: number): Effect.Effect<void> =>
  Effect.sync(() => hasLivingMember(leader)).pipe(
    Effect.tap((lives) => lives ? Effect.sleep(step) : Effect.void),
    Effect.repeat({ while: (lives) => lives, times: Duration.toMillis(patience) / Duration.toMillis(step) - 1 }),
    Effect.asVoid
  )

/** Signal 0 is not used, because it also finds zombies that nobody reaps. */
const hasLivingMember = (leader: number): boolean => {
  try {
    return readdirSync("/proc").some((name) => /^\d+$/.test(name) && livesInGroup(name, leader))
  } catch {
    // No file descriptor is left to look with. Everybody was killed, and that must be enough.
    return false
  }
}

/** proc_pid_stat(5): state, parent and group follow the name in parentheses. */
const livesInGroup = (pid: string, leader: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return group === String(leader) && state !== "Z" && state !== "X"
  } catch {
    return false
  }
}
