/**
 * Bounds what the kernel keeps of what a client has sent and nobody has read. Node reads all of that at once, up to
 * 64 KiB, so a flood of clients that send much becomes garbage faster than it is collected. Node has no option for it.
 */
import { Effect, Option } from "effect"
import type { Server } from "node:net"
import { calls, type Libc } from "../native/Libc.ts"

// socket.h
const SOL_SOCKET = 1
const SO_RCVBUF = 8

/** Linux doubles it for its own records. */
const receiveBufferSize = 8192

/**
 * How to bound the connections that a listening server accepts from then on. Without native calls, or without Node's
 * descriptor of the server, the buffers stay as large as the kernel makes them.
 */
export const boundReceiveBuffer: Effect.Effect<(server: Server) => void, never, Libc> = Effect.map(
  Effect.option(calls),
  (libc) => (server) => {
    const descriptor = descriptorOf(server)
    if (Option.isNone(libc) || descriptor === undefined) return
    const value = new Uint8Array(new Uint32Array([receiveBufferSize]).buffer)
    libc.value.setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, value, value.length)
  }
)

/** Node has it, but not in its documentation. */
const descriptorOf = (server: Server): number | undefined => {
  const handle: unknown = Reflect.get(server, "_handle")
  const descriptor: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined
  return typeof descriptor === "number" && descriptor >= 0 ? descriptor : undefined
}
