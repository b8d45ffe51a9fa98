/**
 * A small shell process that outlives the daemon by a second at most. It holds a pipe to the daemon. When the daemon
 * dies in any way, the pipe closes, and the guard kills every process that carries the mark of this run of the daemon.
 * The kernel's parent-death signal already ends the daemon's children, but it does not reach their children.
 */
import { Deferred, Duration, Effect, Schedule, type Scope } from "effect"
import { spawn } from "node:child_process"
import { ProgramHabits } from "../../services/processes/ProgramHabits.ts"
import { findProgram, systemSearchPath } from "../native/ProgramPath.ts"
import { instanceMark } from "./ChildMarks.ts"

/** The name of the guard in `ps`. */
const guardName = "linuxptp-daemon-guard"
/** How long the guard may take to end when it is dismissed. */
const dismissalPatience = Duration.seconds(1)
/**
 * A guard that dies is replaced at once, but not more often than this: a guard that cannot run must not use up a core.
 */
const successionInterval = Duration.seconds(1)

/**
 * $1 is the daemon's pid, $2 the mark, $3 the names of programs that start others (ProgramHabits). A line on stdin
 * dismisses the guard; the end of stdin without a line means that the daemon has died. Then every marked process is
 * killed until two looks in a row find none, because a process has no environment for a moment while it execs. A
 * program of $3 first has 0.3 s to obey the kernel's SIGTERM and end its own children. If the daemon is still the
 * parent by then, it has lost its pipe but is alive.
 */
const script = `trap '' TERM INT HUP
read -r dismissal && exit 0
step=0 calm=0
while [ $step -lt 40 ] && [ $calm -lt 2 ]; do
  [ $step -eq 0 ] || sleep 0.05
  read -r pid name state parent rest </proc/$$/stat
  found=$(grep -lsF -e "$2" /proc/[0-9]*/environ)
  if [ -n "$found" ]; then calm=0; else calm=$((calm + 1)); fi
  patient=
  [ "$parent" = "$1" ] && patient=daemon
  for file in $found; do
    read -r name <"\${file%environ}comm" && case " $3 " in *" $name "*) patient=$name ;; esac
  done
  if [ -z "$patient" ] || [ $step -ge 6 ]; then
    [ "$parent" = "$1" ] && exit 1
    for file in $found; do file=\${file#/proc/}; kill -KILL "\${file%/environ}"; done
  fi
  step=$((step + 1))
done`

const spawnGuard = (shell: string, parents: ReadonlyArray<string>) => {
  // The guard has a session of its own, so no terminal and no signal to the daemon's group reaches it. It carries no
  // mark itself.
  const child = spawn(shell, ["-c", script, guardName, String(process.pid), instanceMark, parents.join(" ")], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: systemSearchPath().join(":"), LC_ALL: "C" }
  })
  // `ended` reports its end. Nobody needs a line that arrives too late.
  child.stdin.on("error", () => {})
  const ended = Deferred.makeUnsafe<string>()
  const end = (how: string) => Deferred.doneUnsafe(ended, Effect.succeed(how))
  child.once("exit", (code, signal) => end(signal ?? `exit code ${code}`))
  child.on("error", (error) => end(error.message))
  return { child, ended: Deferred.await(ended) }
}

const dismiss = ({ child, ended }: ReturnType<typeof spawnGuard>) =>
  Effect.suspend(() => {
    child.stdin.end("\n")
    return Effect.timeoutOrElse(ended, {
      duration: dismissalPatience,
      orElse: () => Effect.andThen(Effect.sync(() => child.kill("SIGKILL")), ended)
    })
  })

/**
 * Returns when the guard runs. A guard that dies is replaced. With the end of the scope, when no child is left, the
 * guard is dismissed. Without a shell there is no guard, and that is logged.
 */
export const keepGuard: Effect.Effect<void, never, ProgramHabits | Scope.Scope> = Effect.gen(function*() {
  const { parents } = yield* ProgramHabits
  const shell = findProgram("sh")
  if (shell === undefined || findProgram("grep") === undefined) {
    yield* Effect.logWarning("no guard: sh or grep is missing, so a daemon that is killed may leave processes behind")
    return
  }
  const tried = yield* Deferred.make<void>()
  yield* Effect.acquireUseRelease(
    // Node throws some errors of the fork and reports others as an event.
    Effect.try({ try: () => spawnGuard(shell, parents), catch: String }).pipe(
      Effect.ensuring(Deferred.succeed(tried, undefined))
    ),
    ({ ended }) => ended,
    dismiss
  ).pipe(
    Effect.catch(Effect.succeed),
    Effect.flatMap((how) => Effect.logWarning("the guard ended, starting another").pipe(Effect.annotateLogs({ how }))),
    Effect.repeat(Schedule.fixed(successionInterval)),
    Effect.forkScoped
  )
  yield* Deferred.await(tried)
})
