/**
 * One connection of the daemon to the proxy, with or without TLS. Input becomes requests, and output goes through an
 * Outlet. It answers nothing by itself.
 */
import type { Socket } from "node:net"
import { type SecureContext, TLSSocket } from "node:tls"
import type { VirtualTime } from "../simulation/VirtualTime.ts"
import type { Exchange } from "./Exchange.ts"
import { makeRequestReader, type RequestHead } from "./HttpBytes.ts"
import { makeOutlet, type Outlet, type Passage } from "./Outlet.ts"

export interface Front {
  readonly id: number
  /** It is never answered. */
  readonly isSwallowed: boolean
  readonly outlet: Outlet
  /** Nothing will ever be heard on it again, and nobody says so. */
  isStuck: boolean
  /** What becomes of what the client sends. */
  toServer: Passage
  /** What was held of it goes on. */
  readonly releaseToServer: () => void
  /** The request that is being answered. */
  exchange: Exchange | undefined
  readonly isOpen: () => boolean
  /** Its TLS handshake is under way, or bytes wait in the kernel. */
  readonly isBusy: () => boolean
  /** Bytes that passed either way. */
  readonly bytes: () => number
  /** FIN, behind what was written. */
  readonly close: () => void
  /** RST, at once. */
  readonly reset: () => void
}

interface FrontOptions {
  readonly id: number
  readonly raw: Socket
  readonly isSwallowed: boolean
  /** Undefined: plain HTTP. */
  readonly secure: SecureContext | undefined
  readonly time: VirtualTime
  /** `sentAt` is when the client sent it, in virtual milliseconds: a lost path may have held it up. */
  readonly onRequest: (front: Front, head: RequestHead, sentAt: number) => void
  readonly onSecure: () => void
  readonly onClose: (front: Front) => void
}

const nothing = () => {}

export const makeFront = (
  { id, isSwallowed, onClose, onRequest, onSecure, raw, secure, time }: FrontOptions
): Front => {
  raw.setNoDelay()
  const stream = secure === undefined ? raw : new TLSSocket(raw, { isServer: true, secureContext: secure })
  let isHandshaking = secure !== undefined
  const held: Array<{ readonly bytes: Buffer; readonly at: number }> = []
  let sentAt = 0
  const readRequests = makeRequestReader((head) => onRequest(front, head, sentAt))
  const read = (bytes: Buffer, at: number) => {
    sentAt = at
    readRequests(bytes)
  }
  const outlet = makeOutlet((bytes) => void (stream.destroyed || stream.write(bytes)), time)
  // The client resets, refuses the certificate, speaks no TLS: each shows as the end of the connection.
  raw.on("error", nothing)
  stream.on("error", nothing)
  stream.on("secure", () => {
    isHandshaking = false
    onSecure()
  })
  stream.on("data", (bytes: Buffer) => {
    if (front.toServer === "pass") read(bytes, time.now())
    else if (front.toServer === "hold") held.push({ bytes, at: time.now() })
  })
  stream.on("end", () => void stream.destroy())
  let isClosed = false
  const closed = () => {
    if (isClosed) return
    isClosed = true
    isHandshaking = false
    raw.destroy()
    onClose(front)
  }
  raw.on("close", closed)
  stream.on("close", closed)
  const front: Front = {
    id,
    isSwallowed,
    outlet,
    isStuck: false,
    toServer: isSwallowed ? "vanish" : "pass",
    releaseToServer: () => {
      front.toServer = "pass"
      for (const { at, bytes } of held.splice(0)) read(bytes, at)
    },
    exchange: undefined,
    isOpen: () => !isClosed,
    isBusy: () =>
      !isClosed && (isHandshaking || raw.writableLength > 0 || stream.writableLength > 0 || outlet.isBusy()),
    bytes: () => raw.bytesRead + raw.bytesWritten,
    close: () => outlet.afterwards(() => void stream.end(() => void stream.destroySoon())),
    reset: () => void raw.resetAndDestroy()
  }
  return front
}
