/**
 * The files of a process, in a directory of its own. This folder uses node's synchronous calls: the files are small and
 * on a tmpfs, /proc answers from memory, and no other fiber may run between writing the files and the fork.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import path from "node:path"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"

/**
 * Creates a directory and every missing one above it, one by one, because somebody may have removed the run directory
 * and its parents. Node's own recursive mkdir is not used: it never returns below /proc.
 */
export const makeDirectory = (directory: string): void => {
  if (existsSync(directory)) return
  makeDirectory(path.dirname(directory))
  mkdirSync(directory, { mode: 0o755 })
}

/** Writes the files into an empty directory. Throws if the disk refuses. */
export const writeFiles = ({ directory, files }: ProcessSpec): void => {
  rmSync(directory, { recursive: true, force: true })
  makeDirectory(directory)
  for (const [file, text] of Object.entries(files)) writeFileSync(file, text, { mode: 0o644, flush: false })
}

/**
 * Leftover files are removed at the next start of this id. A full or read-only disk must not keep the process from
 * starting.
 */
export const removeFiles = ({ directory }: ProcessSpec): void => {
  try {
    rmSync(directory, { recursive: true, force: true })
  } catch {
    // The next start of this id removes them.
  }
}
