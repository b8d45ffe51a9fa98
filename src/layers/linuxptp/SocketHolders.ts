/**
 * Remembers which socket was the first to answer at a path. linuxptp's programs delete a file that is in their way and
 * create their own socket (uds.c, uds_open). So an answer at the right path may come from another ptp4l.
 * ManagementSocketClient uses it.
 */
import { type BigIntStats, statSync } from "node:fs"
import path from "node:path"

/** A socket and its directory. If two of these are equal, they are the same files. */
interface SocketIdentity {
  readonly directory: string
  readonly socket: string
}

/** A node has a few paths. Beyond this number the oldest is forgotten, and its replacement would not be noticed. */
const mostPaths = 256

// Some file systems use the number of an inode again at once, but not its time of birth.
const identityOf = ({ birthtimeNs, dev, ino }: BigIntStats): string => `${dev}:${ino}:${birthtimeNs}`

const identify = (file: string): string | undefined => {
  try {
    return identityOf(statSync(file, { bigint: true }))
  } catch {
    // The socket is gone or cannot be reached, so nobody can be asked there.
    return undefined
  }
}

const socketIdentityOf = (socketPath: string): SocketIdentity | undefined => {
  const directory = identify(path.dirname(socketPath))
  const socket = identify(socketPath)
  return directory === undefined || socket === undefined ? undefined : { directory, socket }
}

/** What is known about a path before it is asked. */
export interface Holder {
  /** True if the socket is still the one that was looked at. From then on it is the known one of its path. */
  readonly confirm: () => boolean
}

/** Creates an empty memory of paths. It does no I/O before it is asked. */
export const make = () => {
  const first = new Map<string, SocketIdentity>()
  const forgetGone = () => {
    for (const [socketPath, { directory }] of first) {
      if (first.size >= mostPaths || identify(path.dirname(socketPath)) !== directory) first.delete(socketPath)
    }
  }
  /**
   * Undefined if there is no socket, or another one than the first to answer. A new directory means a new run of the
   * process.
   */
  const look = (socketPath: string): Holder | undefined => {
    const found = socketIdentityOf(socketPath)
    if (found === undefined) return undefined
    const known = first.get(socketPath)
    if (known !== undefined && known.directory === found.directory && known.socket !== found.socket) return undefined
    const confirm = () => {
      const now = socketIdentityOf(socketPath)
      // The socket was replaced during the question, so it is unknown who has answered.
      if (now?.directory !== found.directory || now.socket !== found.socket) return false
      if (known?.directory === found.directory) return true
      forgetGone()
      first.set(socketPath, found)
      return true
    }
    return { confirm }
  }
  return { look }
}
