/**
 * A small file of state and the version before it. Replacing it leaves a whole one at every moment, also for a crash
 * or a power cut; reading believes only what no other user could have written. Everything is done by node's thread
 * pool, never on the event loop: a disk that dies holds a call for minutes.
 */
import { constants, type Stats } from "node:fs"
import { type FileHandle, mkdir, open, rename, unlink } from "node:fs/promises"
import path from "node:path"

/** Far above what a cluster's profiles need, far below what a start could not read in time. */
export const mostBytes = 16 * 1024 * 1024

/** What stands in a file; undefined when there is none. Rejects with the reason when it is not to be believed. */
export const readStateFile = async (file: string): Promise<string | undefined> => {
  try {
    // O_NONBLOCK: opening a FIFO would wait for a writer.
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    return await closing(handle, async () => {
      const distrust = whyNotBelieved(await handle.stat())
      if (distrust !== undefined) throw new Error(distrust)
      return await handle.readFile("utf8")
    })
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined
    throw isCode(error, "ELOOP") ? new Error("it is a symbolic link", { cause: error }) : error
  }
}

/** Root runs what it says, so nobody but root may have said it. */
const whyNotBelieved = (stats: Stats): string | undefined => {
  const uid = process.getuid?.()
  if (!stats.isFile()) return "it is not a file"
  if (stats.uid !== uid) return `it belongs to uid ${stats.uid}, not to ${uid}`
  if ((stats.mode & 0o022) !== 0) return `others may write it (mode ${(stats.mode & 0o777).toString(8)})`
  return stats.size > mostBytes ? `it has ${stats.size} bytes, more than ${mostBytes}` : undefined
}

/** Where the version before is kept. */
export const previousOf = (file: string): string => `${file}.previous`
const unfinishedOf = (file: string): string => `${file}.unfinished`

/**
 * Puts `text` in the place of the file, and on the disk. With `keepCurrent` the file that is there becomes the
 * version before; without it that one stays what it is. After a rejection the newest whole version is still there,
 * under one of the two names.
 */
export const replaceStateFile = async (
  file: string,
  text: string,
  { keepCurrent }: { readonly keepCurrent: boolean }
): Promise<void> => {
  const directory = path.dirname(file)
  await makeDirectory(directory)
  await removeUnfinished(file)
  try {
    await writeThrough(unfinishedOf(file), text)
    // A crash between the two leaves the version before alone, and that is what is read then.
    if (keepCurrent) await rename(file, previousOf(file))
    await rename(unfinishedOf(file), file)
  } catch (error) {
    // It may be what fills the disk.
    await removeUnfinished(file).catch(() => undefined)
    throw error
  }
  await syncDirectory(directory)
}

/** Removes what a crash left of a file that was being written. */
export const removeUnfinished = async (file: string): Promise<void> => {
  try {
    await unlink(unfinishedOf(file))
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error
  }
}

/** Makes the directory and the one above, no more: node's own recursive mkdir never ends below /proc. */
const makeDirectory = async (directory: string): Promise<void> => {
  if (await makeOne(directory, 0o700) === "NoParent") {
    await makeOne(path.dirname(directory), 0o755)
    await mkdir(directory, { mode: 0o700 })
  }
}

const makeOne = async (directory: string, mode: number): Promise<"Made" | "Exists" | "NoParent"> => {
  try {
    await mkdir(directory, { mode })
  } catch (error) {
    if (isCode(error, "EEXIST")) return "Exists"
    if (isCode(error, "ENOENT")) return "NoParent"
    throw error
  }
  await syncDirectory(path.dirname(directory))
  return "Made"
}

const writeThrough = async (file: string, text: string): Promise<void> => {
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  await closing(handle, async () => {
    await handle.writeFile(text)
    // Before the rename: a name on the disk must never stand for content that is not.
    await handle.sync()
  })
}

/** Names are on the disk when their directory is. */
const syncDirectory = async (directory: string): Promise<void> => {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  await closing(handle, () => handle.sync())
}

const closing = async <A>(handle: FileHandle, use: () => Promise<A>): Promise<A> => {
  try {
    return await use()
  } finally {
    await handle.close()
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code
