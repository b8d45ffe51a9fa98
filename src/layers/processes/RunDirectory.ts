/**
 * The directory below which every file and socket of a child lives. Holding its lock means being the only daemon on
 * it, so whatever still carries its mark at the start was left by a daemon that died, and is ended.
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

/** A process takes at most this long from SIGKILL to its end, unless the kernel holds it. */
const sweepPatience = Duration.seconds(2)
/** At the end of the program what is left is no child, and mostly nothing. */
const lastSweepPatience = Duration.millis(500)
const sweepStep = Duration.millis(10)
/**
 * The children of a daemon that was killed while it forked hold its lock until they exec, and it holds it itself until
 * the kernel has taken it apart.
 */
const lockPatience = { times: 20, schedule: Schedule.spaced("25 millis") }
const heldByAnother = "another linuxptp-daemon is running on it"

/** The run directory can't be used: another daemon has it, or it can't be made. Exit code 1. */
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
  // The directory itself is locked, so no lock file stays behind. Node opens with O_CLOEXEC, so no child inherits the
  // lock, and the kernel drops it when this process dies by any means.
  const fd = openSync(directory, "r")
  if (flock(fd, exclusiveNonBlocking) === 0) return fd
  closeSync(fd)
  throw new Error(heldByAnother)
}

/** What a process's own directory is called (ProcessId); nothing else below the run directory is the daemon's. */
const ownDirectory = (programs: ReadonlyArray<string>) => new RegExp(`^(${programs.join("|")})-(.*-)?[0-9a-f]{8}$`)

/**
 * Kills what carries the mark until two looks in a row find nothing: one look misses a process that execs at that
 * moment, or that was forked behind its back. Gives the pids of what lives on.
 */
const sweep = Effect.fnUntraced(function*(directory: string, patience: Duration.Duration, message: string) {
  const mark = runDirectoryMark(directory)
  const looks = Duration.toMillis(patience) / Duration.toMillis(sweepStep)
  let pids = markedProcesses(mark)
  if (pids.length > 0) yield* Effect.logWarning(message).pipe(Effect.annotateLogs({ pids }))
  for (let look = 1; look < looks; look += 1) {
    for (const pid of pids) killProcess(pid)
    // Not our children: nothing tells of their end, so look again.
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

/** Everything that an earlier daemon may have left on the disk; its processes are gone. */
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

/** Makes the directory when it is missing, and gives the one name under which lock, mark and files know it. */
export const resolve = (directory: string): Effect.Effect<string, RunDirectoryError> =>
  Effect.try({
    try: () => {
      makeDirectory(directory)
      return realpathSync(directory)
    },
    catch: failedOn(directory)
  })

/**
 * Takes the lock of a resolved directory, starts the guard and ends left-overs. At the end what left its process group
 * is ended too, then the guard is dismissed and the lock given back.
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
