/**
 * The directory that contains every file and socket of the children. Whoever holds its lock is the only daemon that
 * uses it. So a process that carries its mark when the daemon starts was left by a daemon that died, and is killed.
 */
import { Duration, Effect, Layer, Schedule, Schema } from "effect"
import { closeSync, openSync, readdirSync, realpathSync, rmSync } from "node:fs"
import path from "node:path"
import { ProgramHabits } from "../../services/processes/ProgramHabits.ts"
import * as Libc from "../native/Libc.ts"
import { markedProcesses, runDirectoryMark } from "./ChildMarks.ts"
import { keepGuard } from "./DaemonGuard.ts"
import { makeDirectory } from "./ProcessFiles.ts"
import { killProcess } from "./Signals.ts"

/** A process needs at most this long to end after SIGKILL, unless the kernel holds it. */
const sweepPatience = Duration.seconds(2)
/** At the end of the program only processes that left their group can remain, and mostly there are none. */
const lastSweepPatience = Duration.millis(500)
const sweepStep = Duration.millis(10)
/**
 * If the previous daemon was killed while it forked, its children hold the lock until they exec, and the dying daemon
 * holds it until the kernel has removed it.
 */
const lockPatience = { times: 20, schedule: Schedule.spaced("25 millis") }
const heldByAnother = "another linuxptp-daemon is running on it"

/** The run directory cannot be used: another daemon has it, or it cannot be created. The exit code is 1. */
export class RunDirectoryError extends Schema.TaggedError<RunDirectoryError>()("RunDirectoryError", {
  directory: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `cannot use the run directory ${this.directory}: ${this.detail}`
  }
}

/** LOCK_EX | LOCK_NB, flock(2). */
const exclusiveNonBlocking = 2 | 4

const lockExclusively = ({ flock }: Libc.LibcCalls, directory: string): number => {
  // The directory itself is locked, so there is no lock file to be left behind. Node opens with O_CLOEXEC, so no child
  // inherits the lock, and the kernel releases it when this process dies in any way.
  const fd = openSync(directory, "r")
  if (flock(fd, exclusiveNonBlocking) === 0) return fd
  closeSync(fd)
  throw new Error(heldByAnother)
}

/** The name of a process's own directory (ProcessId). Nothing else below the run directory belongs to the daemon. */
const ownDirectory = (programs: ReadonlyArray<string>) => new RegExp(`^(${programs.join("|")})-(.*-)?[0-9a-f]{8}$`)

/**
 * Kills marked processes until two looks in a row find none: a single look misses a process that execs or is forked at
 * that moment. Returns the pids of those that still live.
 */
const sweep = Effect.fnUntraced(function*(directory: string, patience: Duration.Duration, message: string) {
  const mark = runDirectoryMark(directory)
  const looks = Duration.toMillis(patience) / Duration.toMillis(sweepStep)
  let pids = markedProcesses(mark)
  if (pids.length > 0) yield* Effect.logWarning(message).pipe(Effect.annotateLogs({ pids }))
  for (let look = 1; look < looks; look += 1) {
    for (const pid of pids) killProcess(pid)
    // They are not our children, so nothing reports their end, and it is necessary to look again.
    yield* Effect.sleep(sweepStep)
    const next = markedProcesses(mark)
    if (pids.length + next.length === 0) break
    pids = next
  }
  return pids
})

const sweepAtStart = Effect.fnUntraced(function*(directory: string) {
  const survivors = yield* sweep(directory, sweepPatience, "ending processes of an earlier daemon")
  if (survivors.length > 0) {
    return yield* new RunDirectoryError({
      directory,
      detail: `pid ${survivors.join(", ")} of an earlier daemon lives on`
    })
  }
})

/** Removes everything that an earlier daemon may have left on the disk. Its processes are gone. */
const removeLeftFiles = (directory: string, programs: ReadonlyArray<string>) =>
  Effect.try({
    try: () => {
      const own = ownDirectory(programs)
      for (const name of readdirSync(directory)) {
        if (own.test(name)) rmSync(path.join(directory, name), { recursive: true, force: true })
      }
    },
    catch: failedOn(directory)
  })

const failedOn = (directory: string) => (cause: unknown) =>
  new RunDirectoryError({ directory, detail: cause instanceof Error ? cause.message : String(cause) })

/** Creates the directory if it is missing. Returns the one path by which lock, mark and files are named. */
export const resolve = (directory: string): Effect.Effect<string, RunDirectoryError> =>
  Effect.try({
    try: () => {
      makeDirectory(directory)
      return realpathSync(directory)
    },
    catch: failedOn(directory)
  })

/**
 * Locks a resolved directory, starts the guard and kills leftover processes. At the end it also kills what has left its
 * process group, dismisses the guard and releases the lock.
 */
export const layer = (
  { directory }: { readonly directory: string }
): Layer.Layer<never, RunDirectoryError, Libc.Libc | ProgramHabits> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const { programs, removeAllTraces } = yield* ProgramHabits
    yield* Effect.acquireRelease(
      Libc.calls.pipe(
        Effect.mapError(failedOn(directory)),
        Effect.flatMap((libc) =>
          Effect.try({ try: () => lockExclusively(libc, directory), catch: failedOn(directory) })
        ),
        Effect.retry({ ...lockPatience, while: ({ detail }) => detail === heldByAnother })
      ),
      (fd) => Effect.sync(() => closeSync(fd))
    )
    yield* keepGuard
    yield* sweepAtStart(directory)
    yield* removeLeftFiles(directory, programs)
    yield* removeAllTraces
    yield* Effect.addFinalizer(() => sweep(directory, lastSweepPatience, "ending processes that their parent left"))
  }))
