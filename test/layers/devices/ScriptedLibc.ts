/** A C library for tests: it answers from a script and remembers which sockets are open. */
import { Effect, Layer } from "effect"
import { Libc, type LibcCalls } from "../../../src/layers/native/Libc.ts"

interface Script {
  /** Filled `struct ethtool_ts_info` by interface; other names are ENODEV. */
  readonly tsInfo?: Readonly<Record<string, Buffer>>
  readonly socketErrno?: string
  readonly bindErrno?: string
}

/** `received` holds what comes next on a socket: a message, or the name of an error. Empty is EAGAIN. */
export const scriptedLibc = (script: Script) => {
  const open = new Set<number>()
  const received: Array<"message" | "ENOBUFS"> = []
  let receiveCalls = 0
  let errno = "0"
  const fail = (name: string): number => {
    errno = name
    return -1
  }
  const calls: LibcCalls = {
    socket: () => {
      if (script.socketErrno !== undefined) return fail(script.socketErrno)
      const fd = 3 + open.size
      open.add(fd)
      return fd
    },
    close: (fd) => open.delete(fd) ? 0 : fail("EBADF"),
    bind: () => script.bindErrno === undefined ? 0 : fail(script.bindErrno),
    listen: () => 0,
    accept4: () => -1,
    getsockopt: () => -1,
    setsockopt: () => -1,
    flock: () => 0,
    exit: () => {},
    connect: () => fail("EAFNOSUPPORT"),
    send: () => fail("ENOTCONN"),
    recv: () => {
      receiveCalls += 1
      const next = received.shift()
      if (next === undefined) return fail("EAGAIN")
      return next === "message" ? 1 : fail(next)
    },
    ioctl: (_fd, _request, { data, name }) => {
      const answer = script.tsInfo?.[name]
      if (answer === undefined) return fail("ENODEV")
      answer.copy(data)
      return 0
    },
    errno: () => errno,
    watchReadable: () => undefined
  }
  return {
    layer: Layer.succeed(Libc, { calls: Effect.succeed(calls) }),
    received,
    openSockets: () => [...open],
    receiveCalls: () => receiveCalls
  }
}
