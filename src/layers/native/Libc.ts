/**
 * The C library calls that Node does not have: sockets of other families than INET (UNIX datagrams, netlink), ioctl and
 * flock. Device discovery, the management client and the run directory ask this service for them. koffi is loaded at
 * the first question, since most programs never ask.
 */
import { Context, Effect, Layer, Schema, type Scope } from "effect"

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
export interface LibcCalls {
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

/** Binds the calls to the C library that Node itself runs on, be it glibc or musl. */
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

export class Libc extends Context.Service<Libc, {
  /** Loads koffi when it is asked for the first time. The answer stays: a platform that koffi lacks stays lacking. */
  readonly calls: Effect.Effect<LibcCalls, LibcUnavailable>
}>()("linuxptp-daemon/layers/native/Libc") {}

/** The calls, for whoever has the service. */
export const calls: Effect.Effect<LibcCalls, LibcUnavailable, Libc> = Effect.flatMap(Libc, (libc) => libc.calls)

/** The service, over koffi or another way to load it. */
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
