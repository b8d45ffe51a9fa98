/**
 * Calls of the C library that Node does not offer: sockets other than INET (UNIX datagrams, netlink), ioctl and flock.
 * Device discovery, the management client and the run directory use this service. koffi is loaded at the first use,
 * because most runs of the program never need it.
 */
import { Context, Effect, Layer, Schema, type Scope } from "effect"
import { makeWatchReadable, type WatchReadable } from "./ReadableDescriptors.ts"

/** Native calls are impossible: there is no koffi binary for this platform, or the C library lacks the symbols. */
export class LibcUnavailable extends Schema.TaggedError<LibcUnavailable>()("LibcUnavailable", {
  cause: Schema.Defect()
}) {
  override get message(): string {
    return "cannot call the C library: is koffi installed for this platform?"
  }
}

/** A system call failed. It has the name of the error number. */
export class SystemCallError extends Schema.TaggedError<SystemCallError>()("SystemCallError", {
  call: Schema.String,
  errno: Schema.String
}) {
  override get message(): string {
    return `${this.call} failed with ${this.errno}: does a seccomp profile or a missing capability forbid it?`
  }
}

/** The calls as in the manual pages. -1 is failure, and `errno` must be read before the next call. */
export interface LibcCalls {
  readonly socket: (domain: number, type: number, protocol: number) => number
  readonly close: (fd: number) => number
  readonly bind: (fd: number, address: Buffer, length: number) => number
  readonly listen: (fd: number, backlog: number) => number
  /** Without the peer's address. */
  readonly accept4: (fd: number, address: null, length: null, flags: number) => number
  /** `size` is one number: the size of the value, before and after the call. */
  readonly getsockopt: (fd: number, level: number, name: number, value: Buffer, size: Buffer) => number
  readonly setsockopt: (fd: number, level: number, name: number, value: Uint8Array, size: number) => number
  readonly connect: (fd: number, address: Buffer, length: number) => number
  readonly send: (fd: number, buffer: Uint8Array, length: number, flags: number) => number
  readonly recv: (fd: number, buffer: Buffer, length: number, flags: number) => number
  /** `ioctl(fd, request, struct ifreq *)` with `ifr_data`. */
  readonly ioctl: (fd: number, request: number, ifreq: { readonly name: string; readonly data: Buffer }) => number
  readonly flock: (fd: number, operation: number) => number
  readonly watchReadable: WatchReadable
  /** Ends the process at once, without the work that Node does at its exit. */
  readonly exit: (status: number) => void
  /** A name such as `ENODEV`, or the number of an error that has no name. */
  readonly errno: () => string
}

/** Other names of EAGAIN, EOPNOTSUPP and EDEADLK on Linux. Each number must have one name only. */
const synonyms = new Set(["EWOULDBLOCK", "ENOTSUP", "EDEADLOCK"])

/** Binds the calls to the C library that Node itself uses, which may be glibc or musl. */
const bindCalls = (loadKoffi: () => Promise<typeof import("koffi")>): Effect.Effect<LibcCalls, LibcUnavailable> =>
  Effect.tryPromise({
    try: async () => {
      const { default: koffi } = await loadKoffi()
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
        listen: self.func("int listen(int, int)"),
        accept4: self.func("int accept4(int, void *, void *, int)"),
        getsockopt: self.func("int getsockopt(int, int, int, void *, void *)"),
        setsockopt: self.func("int setsockopt(int, int, int, void *, uint32)"),
        connect: self.func("int connect(int, void *, uint32)"),
        send: self.func("long send(int, void *, size_t, int)"),
        recv: self.func("long recv(int, void *, size_t, int)"),
        ioctl: (fd: number, request: number, { data, name }: { readonly name: string; readonly data: Buffer }) =>
          ioctl(fd, request, { name, data, rest: [] }),
        flock: self.func("int flock(int, int)"),
        watchReadable: makeWatchReadable(koffi, self),
        exit: self.func("void _exit(int)"),
        errno: () => names.get(koffi.errno()) ?? String(koffi.errno())
      }
    },
    catch: (cause) => new LibcUnavailable({ cause })
  })

export class Libc extends Context.Service<Libc, {
  /** Loads koffi at the first use. The result is kept, because a platform without koffi stays without it. */
  readonly calls: Effect.Effect<LibcCalls, LibcUnavailable>
}>()("linuxptp-daemon/layers/native/Libc") {}

/** The calls, for a program that has the service. */
export const calls: Effect.Effect<LibcCalls, LibcUnavailable, Libc> = Effect.flatMap(Libc, (libc) => libc.calls)

/** The service, with koffi or with another way to load it. */
export const makeFrom = (loadKoffi: () => Promise<typeof import("koffi")>): Effect.Effect<Libc["Service"]> =>
  Effect.map(Effect.cached(bindCalls(loadKoffi)), (calls) => ({ calls }))

export const make = makeFrom(() => import("koffi"))

export const layer: Layer.Layer<Libc> = Layer.effect(Libc, make)

/** Opens a socket that is closed with the scope. */
export const openSocket = Effect.fnUntraced(function*(
  domain: number,
  type: number,
  protocol: number
): Effect.fn.Return<number, SystemCallError | LibcUnavailable, Libc | Scope.Scope> {
  const libc = yield* calls
  return yield* Effect.acquireRelease(
    Effect.suspend(() => {
      const fd = libc.socket(domain, type, protocol)
      return fd < 0 ? Effect.fail(new SystemCallError({ call: "socket", errno: libc.errno() })) : Effect.succeed(fd)
    }),
    (fd) => Effect.sync(() => libc.close(fd))
  )
})
