/** Makes directories of the run directory, which somebody may have removed with all that is above it. */
import { existsSync, mkdirSync } from "node:fs"
import path from "node:path"

/** With every missing one above, one by one: node's own recursive mkdir never returns below /proc. */
export const makeDirectory = (directory: string): void => {
  if (existsSync(directory)) return
  makeDirectory(path.dirname(directory))
  mkdirSync(directory, { mode: 0o755 })
}
