/** Where programs are found: for the children and for asking linuxptp's version, so that both mean the same file. */
import { accessSync, constants } from "node:fs"
import path from "node:path"

/** Where distributions put ptp4l and its like, searched after PATH: a container's PATH often lacks sbin. */
const systemDirectories = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"]

/** PATH as it is now, then the system's directories; relative entries are left out. */
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

/** The file that `name` means, or undefined when it is not installed. */
export const findProgram = (name: string, searchPath: ReadonlyArray<string> = systemSearchPath()): string | undefined =>
  path.isAbsolute(name)
    ? (isExecutable(name) ? name : undefined)
    : searchPath.map((directory) => path.join(directory, name)).find(isExecutable)
