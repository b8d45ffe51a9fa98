/**
 * The files of a process, in a directory of its own. This room uses node's synchronous calls: files are small and on a
 * tmpfs, /proc answers from memory, and between writing them and the fork no other fiber gets a turn.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import path from "node:path"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"

/**
 * Makes a directory and every missing one above, one by one: somebody may have removed the run directory with all that
 * is above it, and node's own recursive mkdir never returns below /proc.
 */
export const makeDirectory = (directory: string): void => {
  if (existsSync(directory)) return
  makeDirectory(path.dirname(directory))
  mkdirSync(directory, { mode: 0o755 })
}

/** Writes them into an empty directory. Throws when the disk refuses. */
export const writeFiles = ({ directory, files }: ProcessSpec): void => {
  rmSync(directory, { recursive: true, force: true })
  makeDirectory(directory)
  for (const [file, text] of Object.entries(files)) writeFileSync(file, text, { mode: 0o644, flush: false })
}

/** Left-overs are removed at the next start of this id; a full or read-only disk must not keep the clock down. */
export const removeFiles = ({ directory }: ProcessSpec): void => {
  try {
    rmSync(directory, { recursive: true, force: true })
  } catch {
    // See above.
  }
}
