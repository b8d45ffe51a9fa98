/** An exclusive lock on a file, directory or device (flock(2)), and who has it if this daemon cannot get it. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs"
import type { LibcCalls } from "../native/Libc.ts"
import { isTrustedUser, type Taken } from "./ExclusiveName.ts"

/** LOCK_EX | LOCK_NB. */
const exclusiveNonBlocking = 2 | 4

/**
 * Locks what is at `path`. Throws if it cannot be opened. Node opens with O_CLOEXEC, so no child inherits the lock, and
 * the kernel releases it when this process dies in any way.
 */
export const lockFile = (libc: LibcCalls, path: string): Taken => {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  if (libc.flock(fd, exclusiveNonBlocking) === 0) return { release: () => closeSync(fd) }
  try {
    return { holder: holderOf(pidsWithLock(fd)) }
  } finally {
    closeSync(fd)
  }
}

/** A lock of another pid namespace is not listed. It is obeyed, because nothing is known of its holder. */
const holderOf = (pids: ReadonlyArray<number>) => {
  const strangers = pids.map(userOf).filter((uid) => uid !== undefined).filter((uid) => !isTrustedUser(uid))
  const isTrusted = strangers.length === 0 || strangers.length < pids.length
  const who = pids.length === 0 ? "another process, which cannot be seen from here" : `pid ${pids.join(", ")}`
  return { isTrusted, who: isTrusted ? who : `${who} of user ${strangers.join(", ")}` }
}

/** proc_locks(5): `1: FLOCK  ADVISORY  WRITE 4711 00:19:2345 0 EOF`, the device's numbers in hexadecimal. */
const pidsWithLock = (fd: number): ReadonlyArray<number> => {
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true })
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)
    const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)
    const file = `${hex(major)}:${hex(minor)}:${ino}`
    return readFileSync("/proc/locks", "latin1").split("\n").map((line) => line.trim().split(/\s+/)).flatMap((fields) =>
      fields[1] === "FLOCK" && fields[5] === file ? [Number(fields[4])] : []
    )
  } catch {
    return []
  }
}

const hex = (part: bigint): string => part.toString(16).padStart(2, "0")

const userOf = (pid: number): number | undefined => {
  try {
    const uid = /^Uid:\t\d+\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]
    return uid === undefined ? undefined : Number(uid)
  } catch {
    return undefined
  }
}
