/**
 * Runs processes as children of this program: files first, then the fork, and once the child is reaped everything of it
 * is removed. It starts and signals; when to do so is the supervisor's business, and what a child leaves outside of its
 * group is the guard's and the run directory's.
 *
 * It is built on node's `spawn`, not on Effect's ChildProcessSpawner: a spawn that fails for want of file descriptors
 * leaks those that it has opened, so they are counted before; a chunk of output must give its 64 KiB back at once; the
 * exit has to be heard in the turn of the reap, because a signal after it may meet a stranger; and some words stand in
 * front of the program (`setpriv --pdeathsig`, a shell that asks for its parent).
 */
import { Deferred, Duration, Effect, Fiber, Layer } from "effect"
import { type OutputLine, ProcessRunner, type RunningProcess } from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import { ProgramHabits } from "../../services/processes/ProgramHabits.ts"
import { systemSearchPath } from "../native/ProgramPath.ts"
import { removeFiles, writeFiles } from "./ProcessFiles.ts"
import { schedulingOf } from "./ProcScheduling.ts"
import { groupGone, signalGroup } from "./Signals.ts"
import { type ForkedChild, spawnChild, startError } from "./SpawnChild.ts"

/** Output that arrives after the death of its writer is waited for this long, for the last words on stderr. */
const lastWordsPatience = Duration.millis(50)

export interface ChildProcessRunnerOptions {
  /** Its name is the children's mark. */
  readonly runDirectory: string
  /** Where programs are looked for: by default PATH and the system's directories. */
  readonly searchPath?: ReadonlyArray<string>
  /** A command that execs its arguments in another surrounding, as `ip netns exec NAME` does. */
  readonly within?: ReadonlyArray<string>
}

/** Children carry the marks of `runDirectory` and of this run of the program (ChildMarks). */
export const layer = (options: ChildProcessRunnerOptions): Layer.Layer<ProcessRunner, never, ProgramHabits> =>
  Layer.effect(
    ProcessRunner,
    Effect.gen(function*() {
      const habits = yield* ProgramHabits
      const { runDirectory, searchPath = systemSearchPath(), within = [] } = options
      const start = Effect.fnUntraced(function*(spec: ProcessSpec, onLine: (line: OutputLine) => void) {
        yield* Effect.try({
          try: () => writeFiles(spec),
          catch: (cause) => startError(spec, "FilesNotWritten", cause)
        })
        // Who starts others gets TERM and ends them; KILL would leave them behind.
        const deathSignal = habits.parents.includes(spec.program) ? "TERM" as const : "KILL" as const
        const child = yield* spawnChild(spec, onLine, { runDirectory, searchPath, within, deathSignal })
        // Detached: it ends with the child, which may outlive whoever asked for it.
        const gone = yield* Effect.forkDetach(clearAway(spec, child, habits), { startImmediately: true })
        return running(child, Fiber.join(gone))
      })
      return ProcessRunner.of({
        start: (spec, onLine) =>
          start(spec, onLine).pipe(
            // Also what was written before the disk was full.
            Effect.tapError(() => Effect.sync(() => removeFiles(spec))),
            Effect.uninterruptible
          )
      })
    })
  )

const running = ({ pid, reaped }: ForkedChild, exit: RunningProcess["exit"]): RunningProcess => ({
  pid,
  // After the reap the pid may be somebody else's.
  scheduling: Effect.sync(() => Deferred.isDoneUnsafe(reaped) ? undefined : schedulingOf(pid)),
  exit,
  signal: (name) => Effect.sync(() => Deferred.isDoneUnsafe(reaped) ? undefined : signalGroup(pid, name))
})

/** Waits for the reap and removes what is left, so that a successor finds the place empty. */
const clearAway = Effect.fnUntraced(function*(
  spec: ProcessSpec,
  { closeOutputs, pid, reaped, silent }: ForkedChild,
  { parents, removeAllTraces, removeTraces }: ProgramHabits["Service"]
) {
  const exit = yield* Deferred.await(reaped)
  removeFiles(spec)
  yield* removeTraces(spec.program, pid)
  yield* Deferred.await(silent).pipe(Effect.timeoutOption(lastWordsPatience))
  // Somebody outside of the group may hold the pipe: it must not speak for the successor.
  closeOutputs()
  if (parents.includes(spec.program)) {
    // Its children outlive it by a moment when it was killed, and hold the NICs of its successor.
    yield* groupGone(pid)
    removeFiles(spec)
    yield* removeAllTraces
  }
  return exit
})
