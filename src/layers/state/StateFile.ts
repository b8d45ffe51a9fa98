/**
 * A small file of state and the version before it. Replacing it leaves a whole one at every moment, also when the
 * daemon crashes or the power fails. Reading believes only what no other user could have written. All files of this
 * room go through Effect's FileSystem: it works in node's thread pool, never on the event loop, since a disk that dies
 * holds a call for minutes; and a test can hand in a disk that forgets what was not synced.
 */
import { ByteSize, Effect, FileSystem, Option, type PlatformError } from "effect"
import path from "node:path"

/** Far above what a cluster's profiles need, far below what a start could not read in time. */
export const mostBytes = 16 * 1024 * 1024

/** What stands in a file; none when there is none. Fails with the reason when it is not to be believed. */
export const readStateFile: (file: string) => Effect.Effect<Option.Option<string>, string, FileSystem.FileSystem> =
  Effect.fnUntraced(
    function*(file) {
      const fs = yield* FileSystem.FileSystem
      // Opening a FIFO would wait for a writer, so what is not a file is not opened.
      yield* believe(yield* fs.lstat(file))
      const opened = yield* fs.open(file, { flag: "r", noFollow: true })
      // It may have been replaced since: what is read is what was opened.
      const stats = yield* opened.stat
      yield* believe(stats)
      const bytes = yield* opened.readAlloc(ByteSize.toNumberUnsafe(stats.size))
      return Option.some(
        Option.match(bytes, { onNone: () => "", onSome: (some) => Buffer.from(some).toString("utf8") })
      )
    },
    Effect.scoped,
    Effect.catchReason("PlatformError", "NotFound", () => Effect.succeedNone),
    Effect.mapError((error) => typeof error === "string" ? error : detailOf(error))
  )

const believe = (stats: FileSystem.File.Info): Effect.Effect<void, string> => {
  const reason = whyNotBelieved(stats)
  return reason === undefined ? Effect.void : Effect.fail(reason)
}

/** Root runs what it says, so nobody but root may have said it. */
const whyNotBelieved = ({ mode, size, type, uid }: FileSystem.File.Info): string | undefined => {
  const own = process.getuid?.()
  const owner = Option.getOrUndefined(uid)
  if (type === "SymbolicLink") return "it is a symbolic link"
  if (type !== "File") return "it is not a file"
  if (owner !== own) return `it belongs to uid ${owner}, not to ${own}`
  if ((mode & 0o022) !== 0) return `others may write it (mode ${(mode & 0o777).toString(8)})`
  return size > BigInt(mostBytes) ? `it has ${size} bytes, more than ${mostBytes}` : undefined
}

/** What the system said, with its name for the error: `ENOSPC: no space left on device, write`. */
export const detailOf = (error: PlatformError.PlatformError): string =>
  error.cause instanceof Error ? error.cause.message : error.message

/** Where the version before is kept. */
export const previousOf = (file: string): string => `${file}.previous`
const unfinishedOf = (file: string): string => `${file}.unfinished`

/**
 * Puts `text` in the place of the file, and on the disk. With `keepCurrent` the file that is there becomes the
 * version before; without it that one stays what it is. After a failure the newest whole version is still there,
 * under one of the two names.
 */
export const replaceStateFile = Effect.fnUntraced(
  function*(file: string, text: string, { keepCurrent }: { readonly keepCurrent: boolean }) {
    const fs = yield* FileSystem.FileSystem
    const directory = path.dirname(file)
    yield* makeDirectory(directory)
    yield* removeUnfinished(file)
    yield* writeThrough(unfinishedOf(file), text).pipe(
      // A crash between the two leaves the version before alone, and that is what is read then.
      Effect.andThen(keepCurrent ? fs.rename(file, previousOf(file)) : Effect.void),
      Effect.andThen(fs.rename(unfinishedOf(file), file)),
      // It may be what fills the disk.
      Effect.tapError(() => Effect.ignore(removeUnfinished(file)))
    )
    yield* syncDirectory(directory)
  }
)

/** Removes what a crash left of a file that was being written. */
export const removeUnfinished = (file: string) =>
  FileSystem.FileSystem.use((fs) => fs.remove(unfinishedOf(file))).pipe(
    Effect.catchReason("PlatformError", "NotFound", () => Effect.void)
  )

/** Makes the directory and the one above, no more: node's own recursive mkdir never ends below /proc. */
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
  // Before the rename: a name on the disk must never stand for content that is not.
  yield* opened.sync
}, Effect.scoped)

/** Names are on the disk when their directory is. */
const syncDirectory = (directory: string) =>
  Effect.scoped(Effect.flatMap(
    FileSystem.FileSystem.use((fs) => fs.open(directory, { flag: "r" })),
    (opened) => opened.sync
  ))
