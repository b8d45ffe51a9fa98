/**
 * A small state file and the version before it. After every step of a replacement, even after a crash or a power cut,
 * at least one of the two is complete. A file is only read if no other user could have written it. All files in this
 * folder are accessed by Effect's FileSystem, for two reasons: it runs in node's thread pool and not on the event loop,
 * because a dying disk may hold a call for minutes; and a test can use a simulated disk that forgets everything that
 * was not synced.
 */
import { ByteSize, Effect, FileSystem, Option, PlatformError, type Scope } from "effect"
import path from "node:path"

/**
 * Closes the files that `use` has opened. Effect's FileSystem dies if close(2) fails, but on NFS that is how a failed
 * write is reported. Here it is an error like that of any other call.
 */
const closed = <A, E, R>(
  use: Effect.Effect<A, E, R>
): Effect.Effect<A, E | PlatformError.PlatformError, Exclude<R, Scope.Scope>> =>
  Effect.catchDefect(
    Effect.scoped(use),
    (defect) => PlatformError.isPlatformError(defect) ? Effect.fail(defect) : Effect.die(defect)
  )

/** Far more than the profiles of a cluster need, but little enough to be read at a start in time. */
export const mostBytes = 16 * 1024 * 1024

/** The content of a file; `None` if it does not exist. Fails with the reason if the file must not be trusted. */
export const readStateFile: (file: string) => Effect.Effect<Option.Option<string>, string, FileSystem.FileSystem> =
  Effect.fnUntraced(
    function*(file) {
      const fs = yield* FileSystem.FileSystem
      // Opening a FIFO would wait for a writer, so anything that is not a regular file is not opened.
      yield* believe(yield* fs.lstat(file))
      const opened = yield* fs.open(file, { flag: "r", noFollow: true })
      // The file may have been replaced since, so the opened file is checked again.
      const stats = yield* opened.stat
      yield* believe(stats)
      return Option.some(yield* readWhole(opened, ByteSize.toNumberUnsafe(stats.size)))
    },
    closed,
    Effect.catchReason("PlatformError", "NotFound", () => Effect.succeedNone),
    Effect.mapError((error) => typeof error === "string" ? error : detailOf(error))
  )

/** One read(2) may give less than it is asked for. */
const readWhole = Effect.fnUntraced(function*(opened: FileSystem.File, size: number) {
  const parts: Array<Uint8Array> = []
  for (let left = size; left > 0;) {
    const part = yield* opened.readAlloc(left)
    if (Option.isNone(part)) break
    parts.push(part.value)
    left -= part.value.length
  }
  return Buffer.concat(parts).toString("utf8")
})

const believe = (stats: FileSystem.File.Info): Effect.Effect<void, string> => {
  const reason = whyNotBelieved(stats)
  return reason === undefined ? Effect.void : Effect.fail(reason)
}

/** Root runs what this file says, so only root may be able to write it. */
const whyNotBelieved = ({ mode, size, type, uid }: FileSystem.File.Info): string | undefined => {
  const own = process.getuid?.()
  const owner = Option.getOrUndefined(uid)
  if (type === "SymbolicLink") return "it is a symbolic link"
  if (type !== "File") return "it is not a file"
  if (owner !== own) return `it belongs to uid ${owner}, not to ${own}`
  if ((mode & 0o022) !== 0) return `others may write it (mode ${(mode & 0o777).toString(8)})`
  return size > BigInt(mostBytes) ? `it has ${size} bytes, more than ${mostBytes}` : undefined
}

/** The system's message with its name for the error: `ENOSPC: no space left on device, write`. */
export const detailOf = (error: PlatformError.PlatformError): string =>
  error.cause instanceof Error ? error.cause.message : error.message

/** The path of the version before. */
export const previousOf = (file: string): string => `${file}.previous`
const unfinishedOf = (file: string): string => `${file}.unfinished`

/**
 * Replaces the content of the file by `text` and makes sure that it is on the disk. With `keepCurrent` the present file
 * becomes the version before; without it that version stays. After a failure the newest complete version still exists
 * under one of the two names.
 */
export const replaceStateFile = Effect.fnUntraced(
  function*(file: string, text: string, { keepCurrent }: { readonly keepCurrent: boolean }) {
    const fs = yield* FileSystem.FileSystem
    const directory = path.dirname(file)
    yield* makeDirectory(directory)
    yield* removeUnfinished(file)
    yield* writeThrough(unfinishedOf(file), text).pipe(
      // After a crash between the two renames only the version before exists, and that one is read then.
      Effect.andThen(keepCurrent ? fs.rename(file, previousOf(file)) : Effect.void),
      Effect.andThen(fs.rename(unfinishedOf(file), file)),
      // The unfinished file may be what fills the disk.
      Effect.tapError(() => Effect.ignore(removeUnfinished(file)))
    )
    yield* syncDirectory(directory)
  }
)

/** Removes what a crash has left of a file that was being written. */
export const removeUnfinished = (file: string) =>
  FileSystem.FileSystem.use((fs) => fs.remove(unfinishedOf(file))).pipe(
    Effect.catchReason("PlatformError", "NotFound", () => Effect.void)
  )

/** Creates the directory and the one above it, no more: node's own recursive mkdir never ends below /proc. */
const makeDirectory = Effect.fnUntraced(function*(directory: string) {
  const makeParent = makeOne(path.dirname(directory), 0o755)
  yield* makeOne(directory, 0o700).pipe(
    Effect.catchReason("PlatformError", "NotFound", () => Effect.andThen(makeParent, makeOne(directory, 0o700)))
  )
})

const makeOne = (directory: string, mode: number) =>
  FileSystem.FileSystem.use((fs) => fs.makeDirectory(directory, { mode })).pipe(
    Effect.andThen(syncDirectory(path.dirname(directory))),
    Effect.catchReason("PlatformError", "AlreadyExists", () => Effect.void)
  )

const writeThrough = Effect.fnUntraced(function*(file: string, text: string) {
  const opened = yield* (yield* FileSystem.FileSystem).open(file, { flag: "wx", mode: 0o600 })
  yield* opened.writeAll(Buffer.from(text))
  // This must come before the rename: a name on the disk must never point to content that is not on the disk.
  yield* opened.sync
}, closed)

/** A new name is on the disk only when its directory is synced. */
const syncDirectory = (directory: string) =>
  closed(Effect.flatMap(
    FileSystem.FileSystem.use((fs) => fs.open(directory, { flag: "r" })),
    (opened) => opened.sync
  ))
