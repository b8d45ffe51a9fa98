/**
 * The directory below which every file and socket of a child lives. Holding its lock means being the only daemon on
 * it, so whatever still carries its mark at the start was left by a daemon that died, and is ended.
 */
import { Effect, Layer, Schema } from "effect"
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs"
import path from "node:path"

/** Environment variable by which a child says whose it is. */
export const markVariable = "LINUXPTP_DAEMON_RUN_DIR"
/** A process takes at most this long from SIGKILL to its end, unless the kernel holds it. */
const sweepPatienceMillis = 2_000
const sweepStepMillis = 10

/** The run directory can't be used: another daemon has it, or it can't be made. Exit code 1. */
export class RunDirectoryError extends Schema.TaggedError<RunDirectoryError>()("RunDirectoryError", {
  directory: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `cannot use the run directory ${this.directory}: ${this.detail}`
  }
}

const lockExclusively = async (directory: string): Promise<number> => {
  const koffi = await import("koffi")
  const flock = koffi.default.load("libc.so.6").func("int flock(int, int)")
  const exclusiveNonBlocking = 2 | 4
  // The directory itself is locked, so no lock file stays behind. Node opens with O_CLOEXEC, so no child inherits the
  // lock, and the kernel drops it when this process dies by any means.
  const fd = openSync(directory, "r")
  if (flock(fd, exclusiveNonBlocking) === 0) return fd
  closeSync(fd)
  throw new Error("another linuxptp-daemon is running on it")
}

const carriesMark = (pid: string, mark: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(mark)
  } catch {
    // Gone in between, or a kernel thread, or not ours to read.
    return false
  }
}

/** Living processes that carry the mark of `directory`, without this one. */
export const leftOvers = (directory: string): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => carriesMark(pid, `${markVariable}=${directory}`))
    .map(Number)

const kill = (pid: number) => {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // It ended by itself.
  }
}

const sweep = (directory: string) =>
  Effect.gen(function*() {
    for (let waited = 0; waited < sweepPatienceMillis; waited += sweepStepMillis) {
      const pids = leftOvers(directory)
      if (pids.length === 0) break
      if (waited === 0) {
        yield* Effect.logWarning("ending processes of an earlier daemon").pipe(Effect.annotateLogs({ pids }))
      }
      for (const pid of pids) kill(pid)
      // Not our children: nothing tells of their end, so look again.
      yield* Effect.sleep(sweepStepMillis)
    }
    for (const name of readdirSync(directory)) rmSync(path.join(directory, name), { recursive: true, force: true })
  })

/** Makes the directory, takes its lock, ends left-overs; releases the lock at the end. */
export const layer = (options: { readonly directory: string }): Layer.Layer<never, RunDirectoryError> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const failed = (cause: unknown) =>
      new RunDirectoryError({
        directory: options.directory,
        detail: cause instanceof Error ? cause.message : String(cause)
      })
    const directory = yield* Effect.try({
      try: () => {
        mkdirSync(options.directory, { recursive: true, mode: 0o755 })
        return realpathSync(options.directory)
      },
      catch: failed
    })
    yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => lockExclusively(directory), catch: failed }),
      (fd) => Effect.sync(() => closeSync(fd))
    )
    yield* sweep(options.directory)
  }))
