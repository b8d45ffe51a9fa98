/**
 * A node:http server that counts what arrives and can die: it lists its connections, so that they can be reset as a
 * killed API server's are. The fleet benchmark's API server listens through it; it answers nothing itself.
 */
import { createServer, type Server } from "node:http"
import type { Socket } from "node:net"
import type { Requests } from "./FleetRpcs.ts"
import { monotonicMillis } from "./MonotonicTime.ts"

interface Arrival {
  readonly at: number
  readonly verb: string
  readonly watchSeconds: number
}

const statusWrite = "patch nodeptpdevs/status"

/** What several listeners saw together. */
export class ServerTraffic {
  readonly #arrivals: Array<Arrival> = []
  readonly #servers = new Set<Server>()
  readonly #sockets = new Set<Socket>()
  #closedOut = 0
  #closedIn = 0

  /** A server whose requests and connections count. */
  readonly makeServer = (): Server => {
    // kube-apiserver keeps idle connections for 90 s. Here the watches of 5,000 nodes and the connections of those that
    // write at the same time have to fit in 20,000 file descriptors, a usual hard limit.
    const server = createServer({ keepAliveTimeout: 3_000 })
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once("close", () => {
        this.#sockets.delete(socket)
        this.#closedOut += socket.bytesWritten
        this.#closedIn += socket.bytesRead
      })
    })
    server.on("request", ({ method, url }) => this.#arrivals.push(arrivalOf(method ?? "", url ?? "")))
    server.once("close", () => this.#servers.delete(server))
    this.#servers.add(server)
    return server
  }

  /** As SIGKILL would: nothing more is accepted, every connection is reset. */
  readonly die = (): void => {
    for (const server of this.#servers) server.close()
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  readonly bytes = () => {
    const open = [...this.#sockets]
    return {
      bytesOut: open.reduce((sum, { bytesWritten }) => sum + bytesWritten, this.#closedOut),
      bytesIn: open.reduce((sum, { bytesRead }) => sum + bytesRead, this.#closedIn),
      connections: open.length
    }
  }

  readonly since = (moment: number): Requests => {
    const arrivals = this.#arrivals.filter(({ at }) => at >= moment)
    const byVerb: Record<string, number> = {}
    for (const { verb } of arrivals) byVerb[verb] = (byVerb[verb] ?? 0) + 1
    const watches = arrivals.filter(({ watchSeconds }) => watchSeconds > 0)
    const seconds = Math.ceil((monotonicMillis() - moment) / 1000)
    return {
      byVerb,
      perSecond: bySecond(arrivals, moment, seconds),
      statusWritesPerSecond: bySecond(arrivals.filter(({ verb }) => verb === statusWrite), moment, seconds),
      meanWatchSeconds: watches.reduce((sum, { watchSeconds }) => sum + watchSeconds, 0) / watches.length
    }
  }
}

const bySecond = (arrivals: ReadonlyArray<Arrival>, moment: number, seconds: number): ReadonlyArray<number> => {
  const counts = Array.from({ length: seconds }, () => 0)
  for (const { at } of arrivals) {
    const second = Math.floor((at - moment) / 1000)
    counts[second] = (counts[second] ?? 0) + 1
  }
  return counts
}

const verbs: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" }

const arrivalOf = (method: string, url: string): Arrival => {
  const { pathname, searchParams } = new URL(url, "http://localhost")
  // Below /api/v1 or /apis/GROUP/VERSION, and then below a namespace.
  const inVersion = pathname.split("/").slice(pathname.startsWith("/apis/") ? 4 : 3)
  const [plural = "", name, subresource] = inVersion[0] === "namespaces" && inVersion.length > 2
    ? inVersion.slice(2)
    : inVersion
  const isWatch = searchParams.get("watch") === "true"
  const reading = isWatch
    ? (searchParams.get("sendInitialEvents") === "true" ? "stream-list" : "watch")
    : name === undefined
    ? "list"
    : "get"
  const verb = method === "GET" ? reading : verbs[method] ?? method
  return {
    at: monotonicMillis(),
    verb: `${verb} ${plural}${subresource === undefined ? "" : `/${subresource}`}`,
    watchSeconds: isWatch ? Number(searchParams.get("timeoutSeconds") ?? 0) : 0
  }
}
