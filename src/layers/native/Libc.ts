/**
 * The C library calls that Node has not: sockets of other families than INET, UNIX datagrams among them, and ioctl.
 * Device discovery and the management client use it, so it stands beside their folders and knows neither. koffi is
 * loaded here and only when asked, since most programs never need it.
 */
import { Effect, Schema, type Scope } from "effect"

/** Native calls can't be made at all: no koffi binary for this platform, or a C library without the symbols. */
export class LibcUnavailable extends Schema.TaggedError<LibcUnavailable>()("LibcUnavailable", {
  cause: Schema.Defect()
}) {
  override get message(): string {
    return "cannot call the C library: is koffi installed for this platform?"
  }
}

/** A system call that failed, with the name of its error number. */
export class SystemCallError extends Schema.TaggedError<SystemCallError>()("SystemCallError", {
  call: Schema.String,
  errno: Schema.String
}) {
  override get message(): string {
    return `${this.call} failed with ${this.errno}: does a seccomp profile or a missing capability forbid it?`
  }
}

/** The calls, as the manual pages have them; -1 is failure, and `errno` must be asked before the next call. */
export interface Libc {
  readonly socket: (domain: number, type: number, protocol: number) => number
  readonly close: (fd: number) => number
  readonly bind: (fd: number, address: Buffer, length: number) => number
  readonly connect: (fd: number, address: Buffer, length: number) => number
  readonly send: (fd: number, buffer: Uint8Array, length: number, flags: number) => number
  readonly recv: (fd: number, buffer: Buffer, length: number, flags: number) => number
  /** `ioctl(fd, request, struct ifreq *)` with `ifr_data`. */
  readonly ioctl: (fd: number, request: number, ifreq: { readonly name: string; readonly data: Buffer }) => number
  readonly flock: (fd: number, operation: number) => number
  /** Ends the process at once, without what Node does at its end. */
  readonly exit: (status: number) => void
  /** `ENODEV`, or the number of an error without a name. */
  readonly errno: () => string
}

/** Other names of EAGAIN, EOPNOTSUPP and EDEADLK on Linux; a number shall have one name. */
const synonyms = new Set(["EWOULDBLOCK", "ENOTSUP", "EDEADLOCK"])

const bindCalls: Effect.Effect<Libc, LibcUnavailable> = Effect.tryPromise({
  try: async () => {
    const { default: koffi } = await import("koffi")
    const self = koffi.load(null)
    const ifreq = koffi.struct({ name: koffi.array("char", 16), data: "void *", rest: koffi.array("uint8", 16) })
    const ioctl = self.func("ioctl", "int", ["int", "ulong", koffi.pointer(ifreq)])
    const names = new Map(
      Object.entries(koffi.os.errno).filter(([name]) => !synonyms.has(name)).map(([name, number]) => [number, name])
    )
    return {
      socket: self.func("int socket(int, int, int)"),
      close: self.func("int close(int)"),
      bind: self.func("int bind(int, void *, uint32)"),
      connect: self.func("int connect(int, void *, uint32)"),
      send: self.func("long send(int, void *, size_t, int)"),
      recv: self.func("long recv(int, void *, size_t, int)"),
      ioctl: (fd: number, request: number, { data, name }: { readonly name: string; readonly data: Buffer }) =>
        ioctl(fd, request, { name, data, rest: [] }),
      flock: self.func("int flock(int, int)"),
      exit: self.func("void _exit(int)"),
      errno: () => names.get(koffi.errno()) ?? String(koffi.errno())
    }
  },
  catch: (cause) => new LibcUnavailable({ cause })
})

/**
 * Loads koffi and binds the calls to the C library that Node itself runs on, be it glibc or musl. Once for the whole
 * program: koffi does not give back what a binding takes, and a platform that it lacks stays lacking.
 */
export const load: Effect.Effect<Libc, LibcUnavailable> = Effect.runSync(Effect.cached(bindCalls))

/** Opens a socket that is closed with the scope. */
export const openSocket = (
  libc: Libc,
  domain: number,
  type: number,
  protocol: number
): Effect.Effect<number, SystemCallError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      const fd = libc.socket(domain, type, protocol)
      return fd < 0 ? Effect.fail(new SystemCallError({ call: "socket", errno: libc.errno() })) : Effect.succeed(fd)
    }),
    (fd) => Effect.sync(() => libc.close(fd))
  )
