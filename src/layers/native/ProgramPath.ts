/**
 * Finds programs on the host. Starting a process and asking for linuxptp's version both use it, so both mean the same
 * file.
 */
import { accessSync, constants } from "node:fs"
import path from "node:path"

/**
 * Where distributions install ptp4l and similar programs. They are searched after PATH, because a container's PATH
 * often lacks sbin.
 */
const systemDirectories = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"]

/** The present PATH, then the system's directories. Relative entries are skipped. */
export const systemSearchPath = (): ReadonlyArray<string> =>
  [...new Set([...(process.env["PATH"] ?? "").split(":"), ...systemDirectories])]
    .filter((directory) => path.isAbsolute(directory))

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The file for the program `name`, or undefined if it is not installed. */
export const findProgram = (name: string, searchPath: ReadonlyArray<string> = systemSearchPath()): string | undefined =>
  path.isAbsolute(name)
    ? (isExecutable(name) ? name : undefined)
    : searchPath.map((directory) => path.join(directory, name)).find(isExecutable)
