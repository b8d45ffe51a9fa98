/**
 * Tells when a link of this network namespace came, changed or went: a netlink socket in the group RTMGRP_LINK.
 * Sysfs device discovery looks again then. What changed is not read here: sysfs says it, and a lost message costs nothing.
 */
import { Effect, type Scope, Stream } from "effect"
import * as Libc from "../native/Libc.ts"

const AF_NETLINK = 16
const SOCK_RAW_CLOEXEC = 3 | 0o2000000
const NETLINK_ROUTE = 0
const RTMGRP_LINK = 1
const MSG_DONTWAIT = 0x40
const SOCKADDR_NL_SIZE = 12

/** More messages than this at one look are left for the next, so that a flood of links can't hold the event loop. */
const messagesPerLook = 256

/** Opens the socket; from now on no change is missed. The stream ticks once for all that came since its last look. */
export const open: Effect.Effect<
  Stream.Stream<void>,
  Libc.SystemCallError | Libc.LibcUnavailable,
  Libc.Libc | Scope.Scope
> = Effect.gen(function*() {
  const libc = yield* Libc.calls
  const fd = yield* Libc.openSocket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE)
  const address = Buffer.alloc(SOCKADDR_NL_SIZE)
  address.writeUInt16LE(AF_NETLINK, 0)
  address.writeUInt32LE(RTMGRP_LINK, 8)
  if (libc.bind(fd, address, SOCKADDR_NL_SIZE) < 0) {
    return yield* new Libc.SystemCallError({ call: "bind", errno: libc.errno() })
  }
  // A blocking recv would hold one of libuv's four threads for life and keep the program from exiting.
  return Stream.tick("200 millis").pipe(Stream.filter(() => drain(libc, fd)))
}).pipe(Effect.withSpan("RouteNetlink.open"))

/**
 * Ticks 100 ms after a burst of events, and again 2 s later: a driver registers its PHC after its NIC, and that makes
 * no event. A further event begins anew.
 */
export const settled = (events: Stream.Stream<void>): Stream.Stream<void> =>
  events.pipe(
    Stream.switchMap(() =>
      Stream.make("100 millis" as const, "2 seconds" as const).pipe(Stream.mapEffect((delay) => Effect.sleep(delay)))
    )
  )

/** Empties the socket and says whether anything was in it. */
const drain = (libc: Libc.LibcCalls, fd: number): boolean => {
  // One byte is enough: the rest of a datagram is dropped by the kernel.
  const buffer = Buffer.alloc(1)
  let changed = false
  for (let n = 0; n < messagesPerLook; n++) {
    if (libc.recv(fd, buffer, 1, MSG_DONTWAIT) >= 0) {
      changed = true
      continue
    }
    // ENOBUFS: messages were lost. For any other error, too, one look more is right and one look less is not.
    return changed || libc.errno() !== "EAGAIN"
  }
  return changed
}
