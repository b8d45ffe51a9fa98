/**
 * How a daemon holds its run directory. A name of the network namespace outlives the directory, so a second daemon finds
 * it taken even after the directory was removed. A lock on the directory itself also works between network namespaces.
 * A directory that is removed or replaced under the daemon is made anew and locked again.
 */
import { Duration, Effect, Schedule, Schema } from "effect"
import { statSync } from "node:fs"
import * as Libc from "../native/Libc.ts"
import { type Taken, takeName } from "./ExclusiveName.ts"
import { lockFile } from "./FileLock.ts"
import { makeDirectory } from "./ProcessFiles.ts"
import { identityOf } from "./RunDirectoryIdentity.ts"

/**
 * If the previous daemon was killed while it forked, its children hold the lock until they exec, and the dying daemon
 * holds it until the kernel has removed it.
 */
const lockPatience = { times: 20, schedule: Schedule.spaced("25 millis") }
const heldByAnother = "another linuxptp-daemon is running on it"
/** How long a directory that was removed may be missing. */
const lookPeriod = Duration.seconds(10)

/** The run directory cannot be used: another daemon has it, or it cannot be created. The exit code is 1. */
export class RunDirectoryError extends Schema.TaggedError<RunDirectoryError>()("RunDirectoryError", {
  directory: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `cannot use the run directory ${this.directory}: ${this.detail}`
  }
}

/** Turns what was thrown into an error about the directory. */
export const failedOn = (directory: string) => (cause: unknown) =>
  new RunDirectoryError({ directory, detail: cause instanceof Error ? cause.message : String(cause) })

const nothingTaken = () => {}

/** Takes it, or fails if another daemon has it. One that may not keep it is told and not obeyed. */
const take = (directory: string, attempt: () => Taken): Effect.Effect<() => void, RunDirectoryError> =>
  Effect.try({ try: attempt, catch: failedOn(directory) }).pipe(
    Effect.flatMap((taken) => {
      if ("release" in taken) return Effect.succeed(taken.release)
      const { isTrusted, who } = taken.holder
      if (isTrusted) return Effect.fail(failedOn(directory)(`${heldByAnother}: ${who}`))
      return Effect.logWarning("the run directory is locked by somebody who may not do that; going on").pipe(
        Effect.annotateLogs({ directory, holder: who }),
        Effect.as(nothingTaken)
      )
    }),
    Effect.retry({ ...lockPatience, while: ({ detail }) => detail.startsWith(heldByAnother) })
  )

/** The file that the path means just now; undefined if there is none. */
const inodeOf = (directory: string): string | undefined => {
  try {
    const { birthtimeNs, dev, ino } = statSync(directory, { bigint: true })
    return `${dev}:${ino}:${birthtimeNs}`
  } catch {
    return undefined
  }
}

/** Until the scope closes, no other daemon uses the directory. `about` tells others who has it. */
export const holdRunDirectory = Effect.fnUntraced(function*(directory: string, about: string) {
  const libc = yield* Libc.calls.pipe(Effect.mapError(failedOn(directory)))
  const name = `linuxptp-daemon/run/${yield* Effect.try({
    try: () => identityOf(directory),
    catch: failedOn(directory)
  })}`
  yield* Effect.acquireRelease(take(directory, () => takeName(libc, name, about)), (release) => Effect.sync(release))

  let inode: string | undefined
  let release = nothingTaken
  const lock = take(directory, () => {
    makeDirectory(directory)
    return lockFile(libc, directory)
  }).pipe(
    Effect.map((next) => {
      // The old lock is given up only when there is a new one.
      release()
      release = next
      inode = inodeOf(directory)
    }),
    Effect.uninterruptible
  )
  yield* Effect.acquireRelease(lock, () => Effect.sync(() => release()))
  yield* Effect.suspend(() => inodeOf(directory) === inode ? Effect.void : lockAnew(directory, lock)).pipe(
    Effect.delay(lookPeriod),
    Effect.forever,
    Effect.forkScoped
  )
})

const lockAnew = (directory: string, lock: Effect.Effect<void, RunDirectoryError>): Effect.Effect<void> =>
  lock.pipe(
    Effect.andThen(
      Effect.logWarning("the run directory was removed or replaced; it is made anew").pipe(
        Effect.annotateLogs({ directory })
      )
    ),
    Effect.catch((error) => Effect.logWarning(error.message))
  )
