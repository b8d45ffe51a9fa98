/**
 * Names that one process of a network namespace can have at a time: addresses in the kernel's abstract namespace of
 * UNIX sockets (unix(7)). Such a name has no file, so nobody can remove or replace it, it is the same in every mount
 * namespace, and the kernel gives it back when its holder ends in any way. Anybody may take any name, so only the
 * kernel's word counts that its holder is root, or the user of this daemon.
 */
import { readFileSync } from "node:fs"
import type { LibcCalls } from "../native/Libc.ts"
import { escapeControlCharacters } from "./LineReader.ts"

const AF_UNIX = 1
const SOCK_CLOEXEC = 0o2000000
const SOCK_STREAM_CLOEXEC_NONBLOCK = 1 | SOCK_CLOEXEC | 0o4000
const SOCK_DGRAM_CLOEXEC = 2 | SOCK_CLOEXEC
const SOL_SOCKET = 1
const SO_PEERCRED = 17
/** struct ucred: pid, uid, gid. */
const ucredSize = 12
/** The size of `sun_path` (Linux uapi/linux/un.h). */
const longestName = 108
const backlog = 4_096
/** Where the event loop cannot be told that somebody asks. */
const lookPeriodMillis = 1_000

/** Who has something that this daemon wants. */
export interface Holder {
  /** False: it may not keep anything from this daemon. */
  readonly isTrusted: boolean
  /** As text for people. */
  readonly who: string
}

export type Taken = { readonly release: () => void } | { readonly holder: Holder }

export const isTrustedUser = (uid: number): boolean => uid === 0 || uid === process.geteuid?.()

/** An abstract address begins with a zero byte. */
const addressOf = (name: string): Buffer => {
  const bytes = Buffer.from(name).subarray(0, longestName - 1)
  const address = Buffer.alloc(2 + 1 + bytes.length)
  address.writeUInt16LE(AF_UNIX)
  bytes.copy(address, 3)
  return address
}

/** Takes `name`, and lets others read `about` there: who has it. Throws if there is no socket to be had. */
export const takeName = (libc: LibcCalls, name: string, about: string): Taken => {
  // Its holder may end between the two calls. Then the name is free.
  for (let tries = 0; tries < 3; tries += 1) {
    const fd = bound(libc, SOCK_STREAM_CLOEXEC_NONBLOCK, name)
    if (fd !== undefined) return heldName(libc, fd, noteOf(libc, fd, `${name} ${about}`))
    const holder = holderOf(libc, name)
    if (holder !== undefined) return { holder }
  }
  return { holder: { isTrusted: false, who: "somebody who does not listen" } }
}

/** A name without a note would stay taken, by nobody who gives it back. */
const noteOf = (libc: LibcCalls, fd: number, text: string): number | undefined => {
  try {
    return bound(libc, SOCK_DGRAM_CLOEXEC, text)
  } catch (cause) {
    libc.close(fd)
    throw cause
  }
}

const heldName = (libc: LibcCalls, fd: number, note: number | undefined): Taken => {
  libc.listen(fd, backlog)
  // Whoever asks stays in the queue until it is taken out, and a queue that is full looks like nobody.
  const hangUp = () => {
    for (let asker = accept(libc, fd); asker >= 0; asker = accept(libc, fd)) libc.close(asker)
  }
  const look = libc.watchReadable(fd, hangUp) ?? every(lookPeriodMillis, hangUp)
  return {
    release: () => {
      look()
      libc.close(fd)
      if (note !== undefined) libc.close(note)
    }
  }
}

const accept = (libc: LibcCalls, fd: number): number => libc.accept4(fd, null, null, SOCK_CLOEXEC)

const every = (millis: number, look: () => void) => {
  const timer = setInterval(look, millis).unref()
  return () => clearInterval(timer)
}

const bound = (libc: LibcCalls, type: number, name: string): number | undefined => {
  const fd = opened(libc, type)
  const address = addressOf(name)
  if (libc.bind(fd, address, address.length) === 0) return fd
  const errno = libc.errno()
  libc.close(fd)
  if (errno === "EADDRINUSE") return undefined
  throw new Error(`bind failed with ${errno}`)
}

const opened = (libc: LibcCalls, type: number): number => {
  const fd = libc.socket(AF_UNIX, type, 0)
  if (fd < 0) throw new Error(`socket failed with ${libc.errno()}`)
  return fd
}

/** Undefined if nobody listens. A daemon always does, and empties its queue: whoever does not is somebody else. */
const holderOf = (libc: LibcCalls, name: string): Holder | undefined => {
  const fd = opened(libc, SOCK_STREAM_CLOEXEC_NONBLOCK)
  const address = addressOf(name)
  try {
    if (libc.connect(fd, address, address.length) !== 0) {
      return libc.errno() === "EAGAIN" ? { isTrusted: false, who: "somebody who does not listen" } : undefined
    }
    const credentials = Buffer.alloc(ucredSize)
    const size = Buffer.alloc(4)
    size.writeInt32LE(ucredSize)
    if (libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, size) !== 0) return undefined
    const uid = credentials.readUInt32LE(4)
    const isTrusted = isTrustedUser(uid)
    return { isTrusted, who: isTrusted ? daemonText(name, credentials.readInt32LE(0)) : `a process of user ${uid}` }
  } finally {
    libc.close(fd)
  }
}

/** The pid is 0 for a process of another pid namespace. */
const daemonText = (name: string, pid: number): string =>
  [
    "another linuxptp-daemon",
    ...(pid > 0 ? [`pid ${pid}`] : []),
    ...aboutHolder(name)
  ].join(", ")

/** What the holder tells about itself. The kernel lists all names of the network namespace, with `@` for the zero byte. */
const aboutHolder = (name: string): ReadonlyArray<string> => {
  try {
    const found = readFileSync("/proc/net/unix", "utf8").split("\n").find((line) => line.includes(` @${name} `))
    return found === undefined
      ? []
      : [escapeControlCharacters(found.slice(found.indexOf(` @${name} `) + name.length + 3))]
  } catch {
    return []
  }
}
