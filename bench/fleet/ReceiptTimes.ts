/**
 * When a node's socket handed over the first bytes of a change on each of its watches. Read at the socket itself,
 * before node:http's parser: what the client then does with the bytes is what is measured. A request tells whose it is
 * by its user agent, and what it watches by its path.
 */
import { subscribe } from "node:diagnostics_channel"
import { ClientRequest } from "node:http"
import type { Socket } from "node:net"
import { monotonicMillis } from "./MonotonicTime.ts"

const firstBytes = new Map<string, number>()
/** Of an event as this API server writes it; a bookmark is no change. */
const change = "\"type\":\"MODIFIED\""
/** The watch that a socket carries; a connection is used again by the next one. */
const watchOn = new WeakMap<Socket, string>()

const keyOf = (node: string, resource: string) => `${node} ${resource}`

/** From here on the next change is the first one. */
export const forgetReceipts = (): void => firstBytes.clear()

/** Undefined when there was nothing since `forgetReceipts`. */
export const receiptOf = (node: string, resource: string): number | undefined => firstBytes.get(keyOf(node, resource))

const follow = (socket: Socket, key: string) => {
  const isKnown = watchOn.has(socket)
  watchOn.set(socket, key)
  if (isKnown) return
  // Before the parser's own listener.
  socket.prependListener("data", (bytes: Buffer) => {
    const now = monotonicMillis()
    const watch = watchOn.get(socket)
    if (watch !== undefined && !firstBytes.has(watch) && bytes.includes(change)) firstBytes.set(watch, now)
  })
}

/** Begins to look at the requests of this process. */
export const watchReceipts = (): void =>
  subscribe("http.client.request.created", (message) => {
    if (typeof message !== "object" || message === null || !("request" in message)) return
    const { request } = message
    if (!(request instanceof ClientRequest) || !request.path.includes("watch=true")) return
    const resource = request.path.slice(0, request.path.indexOf("?")).split("/").at(-1) ?? ""
    const key = keyOf(String(request.getHeader("user-agent")), resource)
    request.once("socket", (socket) => follow(socket, key))
  })
