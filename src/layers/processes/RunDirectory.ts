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

/** What a process's own directory is called (ProcessId); nothing else below the run directory is the daemon's. */
const ownDirectory = /^(ptp4l|phc2sys|ts2phc|timemaster)-(.*-)?[0-9a-f]{8}$/

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
    const survivors = leftOvers(directory)
    if (survivors.length > 0) {
      return yield* new RunDirectoryError({
        directory,
        detail: `pid ${survivors.join(", ")} of an earlier daemon lives on`
      })
    }
    for (const name of readdirSync(directory)) {
      if (ownDirectory.test(name)) rmSync(path.join(directory, name), { recursive: true, force: true })
    }
  })

const failedOn = (directory: string) => (cause: unknown) =>
  new RunDirectoryError({ directory, detail: cause instanceof Error ? cause.message : String(cause) })

/** Makes the directory when it is missing, and gives the one name under which lock, mark and files know it. */
export const resolve = (directory: string): Effect.Effect<string, RunDirectoryError> =>
  Effect.try({
    try: () => {
      mkdirSync(directory, { recursive: true, mode: 0o755 })
      return realpathSync(directory)
    },
    catch: failedOn(directory)
  })

/** Takes the lock of a resolved directory and ends left-overs; gives the lock back at the end. */
export const layer = ({ directory }: { readonly directory: string }): Layer.Layer<never, RunDirectoryError> =>
  Layer.effectDiscard(Effect.gen(function*() {
    yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => lockExclusively(directory), catch: failedOn(directory) }),
      (fd) => Effect.sync(() => closeSync(fd))
    )
    yield* sweep(directory)
  }))
