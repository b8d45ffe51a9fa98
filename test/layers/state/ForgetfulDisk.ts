/**
 * A disk in memory whose power fails. Only what was synced is sure to be there afterwards: the bytes of a file by a
 * sync of the file, the names in a directory by a sync of the directory.
 */
import { ByteSize, Deferred, Effect, FileSystem, Option, PlatformError } from "effect"
import { basename, dirname } from "node:path"

/** What is seen while there is power, and what the disk has for sure. */
interface Kept<A> {
  readonly mode: number
  seen: A
  kept: A
}
interface File extends Kept<Uint8Array> {
  readonly type: "File"
}
interface Directory extends Kept<ReadonlyMap<string, Entry>> {
  readonly type: "Directory"
}
type Entry = File | Directory

/** What became of names that were not synced: a disk is free to write them early. Bytes that were not synced are lost. */
export type UnsyncedNames = "lost" | "written"

const makeDirectory = (mode: number): Directory => ({ type: "Directory", mode, seen: new Map(), kept: new Map() })
const makeFile = (mode: number): File => ({ type: "File", mode, seen: new Uint8Array(), kept: new Uint8Array() })

const afterCut = (entry: Entry, unsynced: UnsyncedNames): Entry => {
  if (entry.type === "File") return { ...entry, seen: entry.kept }
  const left = unsynced === "lost" ? entry.kept : entry.seen
  const names = new Map([...left].map(([name, below]) => [name, afterCut(below, unsynced)]))
  return { ...entry, seen: names, kept: names }
}

const failure = (_tag: "NotFound" | "AlreadyExists" | "BadResource", method: string, path: string) =>
  PlatformError.systemError({ _tag, module: "FileSystem", method, pathOrDescriptor: path })

const infoOf = (entry: Entry): FileSystem.File.Info => ({
  type: entry.type,
  mode: entry.mode,
  uid: Option.fromUndefinedOr(process.getuid?.()),
  size: ByteSize.bytes(entry.type === "File" ? entry.seen.length : 0),
  dev: 0n,
  mtime: Option.none(),
  atime: Option.none(),
  birthtime: Option.none(),
  ino: Option.none(),
  nlink: Option.none(),
  gid: Option.none(),
  rdev: Option.none(),
  blksize: Option.none(),
  blocks: Option.none()
})

const namesOf = (path: string) => path.split("/").filter((name) => name !== "")

const notOnThisDisk = () => Effect.die("the forgetful disk can't do that")

/** A disk with `root` on it, whose power fails instead of the call number `power`, counted from 0. */
const makeOn = (root: Directory, power: number) => {
  const dark = Deferred.makeUnsafe<void>()
  let calls = 0
  const call = <A>(work: Effect.Effect<A, PlatformError.PlatformError>) =>
    Effect.suspend(() => calls++ < power ? work : Effect.andThen(Deferred.succeed(dark, undefined), Effect.never))

  const find = (path: string): Entry | undefined => {
    let entry: Entry | undefined = root
    for (const name of namesOf(path)) entry = entry?.type === "Directory" ? entry.seen.get(name) : undefined
    return entry
  }
  const existing = (method: string, path: string) => {
    const entry = find(path)
    return entry === undefined ? Effect.fail(failure("NotFound", method, path)) : Effect.succeed(entry)
  }
  /** Puts `entry` in the place of what has this path, or removes that. */
  const put = (method: string, path: string, entry: Entry | undefined) => {
    const parent = find(dirname(path))
    const name = basename(path)
    if (parent?.type !== "Directory") return Effect.fail(failure("NotFound", method, path))
    return Effect.sync(() => {
      const others = [...parent.seen].filter(([other]) => other !== name)
      parent.seen = new Map(entry === undefined ? others : [...others, [name, entry]])
    })
  }
  const putNew = (method: string, path: string, entry: Entry) =>
    find(path) === undefined ? put(method, path, entry) : Effect.fail(failure("AlreadyExists", method, path))

  const opened = (entry: Entry): FileSystem.File => ({
    [FileSystem.FileTypeId]: FileSystem.FileTypeId,
    stat: call(Effect.sync(() => infoOf(entry))),
    sync: call(Effect.sync(() => Object.assign(entry, { kept: entry.seen }))),
    readAlloc: () => call(Effect.sync(() => entry.type === "File" ? Option.some(entry.seen) : Option.none())),
    writeAll: (bytes) => call(Effect.sync(() => Object.assign(entry, { seen: Uint8Array.from(bytes) }))),
    seek: notOnThisDisk,
    read: notOnThisDisk,
    truncate: notOnThisDisk,
    write: notOnThisDisk
  })

  return {
    layer: FileSystem.layerNoop({
      lstat: (path) => call(Effect.suspend(() => Effect.map(existing("lstat", path), infoOf))),
      makeDirectory: (path, options) =>
        call(Effect.suspend(() => putNew("makeDirectory", path, makeDirectory(options?.mode ?? 0o777)))),
      remove: (path) =>
        call(Effect.suspend(() => Effect.andThen(existing("remove", path), put("remove", path, undefined)))),
      rename: (from, to) =>
        call(Effect.suspend(() =>
          Effect.flatMap(
            existing("rename", from),
            (entry) => Effect.andThen(put("rename", from, undefined), put("rename", to, entry))
          )
        )),
      open: (path, options) =>
        call(Effect.suspend(() => {
          if (options?.flag === "r") return Effect.map(existing("open", path), opened)
          const file = makeFile(options?.mode ?? 0o666)
          return Effect.as(putNew("open", path, file), opened(file))
        }))
    }),
    /** Completed when the power has failed: whoever called is never answered. */
    dark: Deferred.await(dark),
    /** The same disk with power again. */
    afterCut: (unsynced: UnsyncedNames, nextPower = Infinity) => {
      const left = afterCut(root, unsynced)
      return makeOn(left.type === "Directory" ? left : makeDirectory(0o755), nextPower)
    }
  }
}

export const makeForgetfulDisk = (power = Infinity) => makeOn(makeDirectory(0o755), power)
