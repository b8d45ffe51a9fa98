/**
 * Which run directory is meant, whoever looks: the file system, and the place in it. Two containers that mount the same
 * directory of the host see one identity; directories of the same name in different volumes have different ones. It
 * does not change when the directory is removed and made again.
 */
import { createHash } from "node:crypto"
import { readFileSync, realpathSync } from "node:fs"
import path from "node:path"

/** The place without links. What does not exist yet has none. */
export const resolvePath = (directory: string): string => {
  try {
    return realpathSync(directory)
  } catch {
    const parent = path.dirname(directory)
    return parent === directory ? directory : path.join(resolvePath(parent), path.basename(directory))
  }
}

/** proc_pid_mountinfo(5): blanks and the like are octal. */
const unescape = (text: string): string =>
  text.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))

const isBelow = (directory: string, mountPoint: string): boolean =>
  mountPoint === "/" || directory === mountPoint || directory.startsWith(`${mountPoint}/`)

/** The device number of the file system, and the path from its root. The newest of the deepest mounts counts. */
export const placeOf = (directory: string, mountinfo: string): string => {
  let [deepest, place] = [0, directory]
  for (const line of mountinfo.split("\n")) {
    const [, , device, root, mountPoint] = line.split(" ").map(unescape)
    if (device === undefined || root === undefined || mountPoint === undefined) continue
    if (mountPoint.length < deepest || !isBelow(directory, mountPoint)) continue
    deepest = mountPoint.length
    place = `${device} ${path.join(root, path.relative(mountPoint, directory))}`
  }
  return place
}

/** A digest, because it becomes part of a name and of an environment variable. */
export const identityOf = (directory: string): string => {
  const place = placeOf(resolvePath(directory), readFileSync("/proc/self/mountinfo", "utf8"))
  return createHash("sha256").update(place).digest("hex").slice(0, 32)
}
