/**
 * Notices when a network link of this namespace appears, changes or disappears, by a netlink socket in the group
 * RTMGRP_LINK. SysfsDeviceDiscovery then reads sysfs again. The content of the messages is not read, so a lost message
 * does no harm.
 */
import { Effect, type Scope, Stream } from "effect"
import * as Libc from "../native/Libc.ts"

const AF_NETLINK = 16
const SOCK_RAW_CLOEXEC = 3 | 0o2000000
const NETLINK_ROUTE = 0
const RTMGRP_LINK = 1
const MSG_DONTWAIT = 0x40
const SOCKADDR_NL_SIZE = 12

/** Further messages wait for the next look, so that a flood of them cannot block the event loop. */
const messagesPerLook = 256

/**
 * Opens the socket; after that no change is missed. The stream has one element for all messages since the last look.
 */
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
  // A blocking recv would occupy one of libuv's four threads for ever and keep the program from exiting.
  return Stream.tick("200 millis").pipe(Stream.filter(() => drain(libc, fd)))
}).pipe(Effect.withSpan("RouteNetlink.open"))

/**
 * Has an element 100 ms after a burst of events and another one 2 s later, because a driver registers its PHC after its
 * NIC and no event tells of that. A new event starts both times again.
 */
export const settled = (events: Stream.Stream<void>): Stream.Stream<void> =>
  events.pipe(
    Stream.switchMap(() =>
      Stream.make("100 millis" as const, "2 seconds" as const).pipe(Stream.mapEffect((delay) => Effect.sleep(delay)))
    )
  )

/** Reads everything from the socket and says whether there was anything. */
const drain = (libc: Libc.LibcCalls, fd: number): boolean => {
  // One byte is enough: the kernel drops the rest of a datagram.
  const buffer = Buffer.alloc(1)
  let changed = false
  for (let n = 0; n < messagesPerLook; n++) {
    if (libc.recv(fd, buffer, 1, MSG_DONTWAIT) >= 0) {
      changed = true
      continue
    }
    // ENOBUFS means that messages were lost. After any other error too, one look too many is right and one too few is
    // wrong.
    return changed || libc.errno() !== "EAGAIN"
  }
  return changed
}
