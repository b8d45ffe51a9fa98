/**
 * Remembers which socket first answered at a path. linuxptp's programs unlink what is in their way and bind their own
 * (uds.c, uds_open), so an answer at the right path may come from a ptp4l that has taken it. The management client
 * uses it.
 */
import { type BigIntStats, statSync } from "node:fs"
import path from "node:path"

/** A socket and the directory that it is in. Two that are equal are the same files. */
interface SocketIdentity {
  readonly directory: string
  readonly socket: string
}

/** A node has a few; above it the oldest is forgotten, which costs only that its loss is not seen. */
const mostPaths = 256

// A number of an inode is given again at once by some file systems, and its time of birth is not.
const identityOf = ({ birthtimeNs, dev, ino }: BigIntStats): string => `${dev}:${ino}:${birthtimeNs}`

const identify = (file: string): string | undefined => {
  try {
    return identityOf(statSync(file, { bigint: true }))
  } catch {
    // Gone, or out of reach: nobody can be asked there.
    return undefined
  }
}

const socketIdentityOf = (socketPath: string): SocketIdentity | undefined => {
  const directory = identify(path.dirname(socketPath))
  const socket = identify(socketPath)
  return directory === undefined || socket === undefined ? undefined : { directory, socket }
}

/** What is known of one path before it is asked. */
export interface Holder {
  /** True when the socket is still the one that was looked at; from now on it is the one of its path. */
  readonly confirm: () => boolean
}

/** An own memory of paths, bounded and without I/O until it is asked. */
export const make = () => {
  const first = new Map<string, SocketIdentity>()
  const forgetGone = () => {
    for (const [socketPath, { directory }] of first) {
      if (first.size >= mostPaths || identify(path.dirname(socketPath)) !== directory) first.delete(socketPath)
    }
  }
  /** Undefined when nothing is there, or another than first answered. A new directory is a new run of the process. */
  const look = (socketPath: string): Holder | undefined => {
    const found = socketIdentityOf(socketPath)
    if (found === undefined) return undefined
    const known = first.get(socketPath)
    if (known !== undefined && known.directory === found.directory && known.socket !== found.socket) return undefined
    const confirm = () => {
      const now = socketIdentityOf(socketPath)
      // Taken while it was asked: who answered is not known.
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
