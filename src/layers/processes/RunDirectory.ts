/**
 * The directory that contains every file and socket of the children. Whoever holds it is the only daemon that uses it
 * (RunDirectoryLock). So a process that carries its mark when the daemon starts was left by a daemon that died, and is
 * killed.
 */
import { Duration, Effect, Layer } from "effect"
import { accessSync, constants, readdirSync, rmSync } from "node:fs"
import path from "node:path"
import { ProgramHabits } from "../../services/processes/ProgramHabits.ts"
import type * as Libc from "../native/Libc.ts"
import { markedProcesses, runDirectoryMark } from "./ChildMarks.ts"
import { keepGuard } from "./DaemonGuard.ts"
import { resolvePath } from "./RunDirectoryIdentity.ts"
import { failedOn, holdRunDirectory, RunDirectoryError } from "./RunDirectoryLock.ts"
import { killProcess } from "./Signals.ts"

/** A process needs at most this long to end after SIGKILL, unless the kernel holds it. */
const sweepPatience = Duration.seconds(2)
/** At the end of the program only processes that left their group can remain, and mostly there are none. */
const lastSweepPatience = Duration.millis(500)
const sweepStep = Duration.millis(10)
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

/**
 * Removes everything that an earlier daemon may have left on the disk. Its processes are gone. Where nothing can be
 * written nothing can run, and whoever reads why a process does not start would have to guess.
 */
const removeLeftFiles = (directory: string, programs: ReadonlyArray<string>) =>
  Effect.try({
    try: () => {
      accessSync(directory, constants.W_OK)
      const own = ownDirectory(programs)
      for (const name of readdirSync(directory)) {
        if (own.test(name)) rmSync(path.join(directory, name), { recursive: true, force: true })
      }
    },
    catch: failedOn(directory)
  })

/** The one path by which lock, mark and files are named. Nothing is created. */
export const resolve = (directory: string): Effect.Effect<string> => Effect.sync(() => resolvePath(directory))

/**
 * Holds a resolved directory, starts the guard and kills leftover processes. At the end it also kills what has left its
 * process group, dismisses the guard and gives the directory up. `about` tells a second daemon who has it.
 */
export const layer = (
  { about = "", directory }: { readonly directory: string; readonly about?: string }
): Layer.Layer<never, RunDirectoryError, Libc.Libc | ProgramHabits> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const { programs, removeAllTraces } = yield* ProgramHabits
    yield* holdRunDirectory(directory, about)
    yield* keepGuard
    yield* sweepAtStart(directory)
    yield* removeLeftFiles(directory, programs)
    yield* removeAllTraces
    yield* Effect.addFinalizer(() => sweep(directory, lastSweepPatience, "ending processes that their parent left"))
  }))
