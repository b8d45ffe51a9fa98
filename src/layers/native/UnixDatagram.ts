/**
 * UNIX datagram sockets, over which linuxptp's programs talk and which Node does not offer. The management client and
 * the removal of leftover sockets use them. No call blocks.
 */
import { Effect, type Scope } from "effect"
import * as Libc from "./Libc.ts"

const AF_UNIX = 1
const SOCK_DGRAM_CLOEXEC_NONBLOCK = 2 | 0o2000000 | 0o4000
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
const SUN_FAMILY_SIZE = 2

/** The size of `sun_path` without the final zero byte, Linux uapi/linux/un.h. */
const longestPath = 107

/** An open socket. */
export interface UnixDatagram {
  /**
   * Connects to the socket at `path`; after that nobody else can send to this one (Linux af_unix.c, unix_may_send).
   * Returns the name of the error, or undefined. `ECONNREFUSED` means a socket that nobody holds any more.
   */
  readonly connect: (path: string) => string | undefined
  /** False if the peer is gone or does not read its queue. */
  readonly send: (bytes: Uint8Array) => boolean
  /** The same, with the name of the error: `EAGAIN` if its queue is full, `ECONNREFUSED` if it is gone. */
  readonly trySend: (bytes: Uint8Array) => string | undefined
  /** The next datagram, cut to the size of the buffer; undefined if there is none. The next call overwrites it. */
  readonly receive: (buffer: Buffer) => Uint8Array | undefined
  /**
   * Calls `onReadable` whenever there may be a datagram, until the scope closes. False where one has to look instead.
   */
  readonly whenReadable: (onReadable: () => void) => Effect.Effect<boolean, never, Scope.Scope>
}

type Opened = Effect.Effect<UnixDatagram, Libc.SystemCallError | Libc.LibcUnavailable, Libc.Libc | Scope.Scope>

const openFd = Libc.openSocket(AF_UNIX, SOCK_DGRAM_CLOEXEC_NONBLOCK, 0)

/** Opens a socket without an address, which nobody can answer. It is closed with the scope. */
export const open: Opened = Effect.gen(function*() {
  return over(yield* Libc.calls, yield* openFd)
})

/**
 * Opens a socket with an address that the kernel chooses in its abstract namespace (unix(7), "Autobind feature"). It
 * can be answered, and a killed daemon leaves no file behind. It can be reached only from the same network namespace,
 * where the daemon's children are.
 */
export const openAnswerable: Opened = Effect.gen(function*() {
  const libc = yield* Libc.calls
  const fd = yield* openFd
  const family = Buffer.alloc(SUN_FAMILY_SIZE)
  family.writeUInt16LE(AF_UNIX)
  if (libc.bind(fd, family, SUN_FAMILY_SIZE) < 0) {
    return yield* new Libc.SystemCallError({ call: "bind", errno: libc.errno() })
  }
  return over(libc, fd)
})

const over = (libc: Libc.LibcCalls, fd: number): UnixDatagram => {
  const trySend = (bytes: Uint8Array) =>
    libc.send(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL) === bytes.length ? undefined : libc.errno()
  return {
    connect: (path) => {
      const name = Buffer.from(path)
      if (name.length > longestPath) return "ENAMETOOLONG"
      const address = Buffer.alloc(SUN_FAMILY_SIZE + name.length + 1)
      address.writeUInt16LE(AF_UNIX)
      name.copy(address, SUN_FAMILY_SIZE)
      return libc.connect(fd, address, address.length) < 0 ? libc.errno() : undefined
    },
    trySend,
    send: (bytes) => trySend(bytes) === undefined,
    receive: (buffer) => {
      const size = libc.recv(fd, buffer, buffer.length, MSG_DONTWAIT)
      return size < 0 ? undefined : buffer.subarray(0, size)
    },
    whenReadable: (onReadable) =>
      Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => libc.watchReadable(fd, onReadable)),
          (unwatch) => Effect.sync(() => unwatch?.())
        ),
        (unwatch) => unwatch !== undefined
      )
  }
}
