/**
 * Runs processes as children of the daemon. It writes the files and starts the child, and when the child is reaped it
 * removes everything. The supervisor decides when to start and signal. The guard and the run directory take care of
 * what a child leaves outside of its process group.
 *
 * It uses node's `spawn` and not Effect's ChildProcessSpawner, for four reasons. A spawn that fails for lack of file
 * descriptors leaks those that it has opened, so free ones are counted before. A chunk of output must release its 64
 * KiB at once. An exit must be noticed in the same turn of the event loop in which the child is reaped, because a later
 * signal could reach a stranger with the same pid. And some words come before the program (`setpriv --pdeathsig`, a
 * shell that checks its parent).
 */
import { Deferred, Duration, Effect, Fiber, Layer } from "effect"
import { type OutputLine, ProcessRunner, type RunningProcess } from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import { ProgramHabits } from "../../services/processes/ProgramHabits.ts"
import * as Libc from "../native/Libc.ts"
import { systemSearchPath } from "../native/ProgramPath.ts"
import { markVariables } from "./ChildMarks.ts"
import { type DeviceClaims, type DeviceClaimsOptions, makeDeviceClaims } from "./DeviceClaims.ts"
import { removeFiles, writeFiles } from "./ProcessFiles.ts"
import { schedulingOf } from "./ProcScheduling.ts"
import { vitalsOf } from "./ProcVitals.ts"
import { groupGone, signalGroup } from "./Signals.ts"
import { type ForkedChild, spawnChild, startError } from "./SpawnChild.ts"

/** How long to wait for output that arrives after the death of the child, for its last words on stderr. */
const lastWordsPatience = Duration.millis(50)

export interface ChildProcessRunnerOptions {
  /** The children are marked as those of this directory. */
  readonly runDirectory: string
  /** Where programs are looked for. The default is PATH and the system's directories. */
  readonly searchPath?: ReadonlyArray<string>
  /** A command that runs its arguments in another environment, as `ip netns exec NAME` does. */
  readonly within?: ReadonlyArray<string>
}

/** Children carry the marks of `runDirectory` and of this run of the daemon (ChildMarks). Nothing is claimed. */
export const layer = (options: ChildProcessRunnerOptions): Layer.Layer<ProcessRunner, never, ProgramHabits> =>
  Layer.effect(ProcessRunner, make(options, undefined))

/** The same, and no child starts before its NICs and PHCs are claimed for this daemon (DeviceClaims). */
export const claimingLayer = (
  { about, devicesOf, ...options }: ChildProcessRunnerOptions & DeviceClaimsOptions
): Layer.Layer<ProcessRunner, Libc.LibcUnavailable, ProgramHabits | Libc.Libc> =>
  Layer.effect(
    ProcessRunner,
    Effect.flatMap(Libc.calls, (libc) => make(options, makeDeviceClaims(libc, { about, devicesOf })))
  )

const make = Effect.fnUntraced(function*(options: ChildProcessRunnerOptions, claims: DeviceClaims | undefined) {
  const habits = yield* ProgramHabits
  const { runDirectory, searchPath = systemSearchPath(), within = [] } = options
  const marks = markVariables(runDirectory)
  const start = Effect.fnUntraced(function*(
    spec: ProcessSpec,
    onLine: (line: OutputLine) => void,
    release: Effect.Effect<void>
  ) {
    yield* Effect.try({
      try: () => writeFiles(spec),
      catch: (cause) => startError(spec, "FilesNotWritten", cause)
    })
    // A program that starts others gets TERM and ends them itself. KILL would leave them behind.
    const deathSignal = habits.parents.includes(spec.program) ? "TERM" as const : "KILL" as const
    const child = yield* spawnChild(spec, onLine, { marks, searchPath, within, deathSignal })
    // Detached, because it ends with the child, which may outlive the fiber that started it.
    const ended = Effect.ensuring(clearAway(spec, child, habits), release)
    return running(child, Fiber.join(yield* Effect.forkDetach(ended, { startImmediately: true })))
  })
  return ProcessRunner.of({
    start: (spec, onLine) =>
      claim(spec, claims).pipe(
        Effect.flatMap((release) =>
          start(spec, onLine, release).pipe(
            // Also removes files that were written before the disk was full.
            Effect.tapError(() => Effect.andThen(Effect.sync(() => removeFiles(spec)), release))
          )
        ),
        Effect.uninterruptible
      )
  })
})

/** Returns how to give up what was claimed. */
const claim = Effect.fnUntraced(function*(spec: ProcessSpec, claims: DeviceClaims | undefined) {
  if (claims === undefined) return Effect.void
  const result = yield* Effect.try({
    try: () => claims.claim(spec),
    catch: (cause) => startError(spec, "SpawnFailed", cause)
  })
  if ("refusal" in result) return yield* startError(spec, "DeviceClaimed", result.refusal)
  for (const holder of result.ignored) {
    yield* Effect.logWarning("a device is claimed by somebody who may not do that; going on").pipe(
      Effect.annotateLogs({ holder })
    )
  }
  return Effect.sync(result.release)
})

const running = ({ pid, reaped }: ForkedChild, exit: RunningProcess["exit"]): RunningProcess => ({
  pid,
  // After the reap the pid may belong to another process.
  scheduling: Effect.sync(() => Deferred.isDoneUnsafe(reaped) ? undefined : schedulingOf(pid)),
  vitals: Effect.sync(() => Deferred.isDoneUnsafe(reaped) ? undefined : vitalsOf(pid)),
  exit,
  signal: (name) => Effect.sync(() => Deferred.isDoneUnsafe(reaped) ? undefined : signalGroup(pid, name))
})

/** Waits for the reap and removes everything, so that a successor finds an empty directory. */
const clearAway = Effect.fnUntraced(function*(
  spec: ProcessSpec,
  { closeOutputs, pid, reaped, silent }: ForkedChild,
  { parents, removeAllTraces, removeTraces }: ProgramHabits["Service"]
) {
  const exit = yield* Deferred.await(reaped)
  removeFiles(spec)
  yield* tellDefect(removeTraces(spec.program, pid))
  yield* Deferred.await(silent).pipe(Effect.timeoutOption(lastWordsPatience))
  // A process outside of the group may still hold the pipe. Its output must not be taken for the successor's.
  closeOutputs()
  if (parents.includes(spec.program)) {
    // If it was killed, its children live a moment longer and hold the NICs that its successor needs.
    yield* groupGone(pid)
    removeFiles(spec)
    yield* tellDefect(removeAllTraces)
  }
  return exit
})

/** A bug in the removal must not hide the exit: the process would be taken for one that was never reaped. */
const tellDefect = (removal: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.catchDefect(
    removal,
    (defect) => Effect.logError("what an ended process left cannot be removed because of a defect", defect)
  )
