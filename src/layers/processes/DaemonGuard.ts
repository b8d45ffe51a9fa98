/**
 * A small process that outlives this one by a second at most. It holds a pipe to the daemon; when the daemon dies by
 * any means, the pipe closes and the guard ends whatever carries the mark of this run of the daemon. The parent-death
 * signal does most of that, but it reaches no grandchild: what a child has started would live on if that child can't end
 * it.
 */
import { Deferred, Duration, Effect, Schedule, type Scope } from "effect"
import { spawn } from "node:child_process"
import { ProgramHabits } from "../../services/processes/ProgramHabits.ts"
import { findProgram, systemSearchPath } from "../native/ProgramPath.ts"
import { instanceMark } from "./ChildMarks.ts"

/** What the guard is called in `ps`. */
const guardName = "linuxptp-daemon-guard"
/** How long it may take to obey its dismissal. */
const dismissalPatience = Duration.seconds(1)
/** A guard is followed at once, but not more often than this: one that can't live must not cost a core. */
const successionInterval = Duration.seconds(1)

/**
 * $1 is the daemon's pid, $2 the mark, $3 the names of programs that start others (ProgramHabits). Any line on stdin is the dismissal; the end without one is the daemon's death.
 * Everything marked is killed until two looks in a row find nothing: a process has no environment for a moment while it
 * execs. One of $3 has 0.3 s to obey the kernel's SIGTERM and end its own first. A daemon that is still the parent
 * by then has lost its pipe, not its life.
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
  // A session of its own: no terminal and no signal to the daemon's group reaches it. It carries no mark itself.
  const child = spawn(shell, ["-c", script, guardName, String(process.pid), instanceMark, parents.join(" ")], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: systemSearchPath().join(":"), LC_ALL: "C" }
  })
  // Its end is told by `ended`; a line that comes too late is nobody's loss.
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
 * Returns when the guard is there, and has a successor for it when it dies; dismisses it with the scope, when no child
 * is left. Without a shell there is no guard, which is told.
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
    // Node throws for some errors of the fork, and tells others as an event.
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
