/**
 * An HTTP server for anybody on the node's network, who may be hostile: what a client does costs a bounded amount of
 * memory and time, and a client that behaves gets its answer. Each connection has one request, GET or HEAD, and ends
 * with its answer. Node's own server reads any number of requests that arrive in one piece before it answers.
 */
import { Clock, Duration, Effect, Layer, Schedule, type Scope } from "effect"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import type { Libc } from "../native/Libc.ts"
import { PortTaken } from "./PortTaken.ts"
import { boundReceiveBuffer } from "./ReceiveBuffer.ts"

/** What is answered to GET. */
export interface Answer {
  readonly status: 200 | 503
  readonly contentType: string
  readonly body: string
}

/** A port, and what is answered there. */
export interface Endpoint<R> {
  /** The setting that chooses the port; 0 is any free port. */
  readonly setting: "METRICS_PORT" | "HEALTH_PORT"
  readonly port: number
  /** Absent means all addresses. */
  readonly host?: string | undefined
  /** By path, without a query. */
  readonly answers: ReadonlyMap<string, Effect.Effect<Answer, never, R>>
}

const mostConnections = 64
/**
 * A client has this long to ask, or to take its answer, before it can be ended for another one. Without it, whoever
 * connects often enough would end every probe between its connection and its request.
 */
const grace = Duration.millis(50)
/** A bound for what connects within the grace. */
const mostNewcomers = 1000
const longestHead = 4096
/** What a client may send after its request, such as a body. */
const mostDropped = 8192
/** A flood must not keep the connection of a probe out of the kernel's queue: it would come again a second later. */
const backlog = 4096
/** For the head of the request, and again for the answer. */
const patience = Duration.seconds(5)
/** When a taken port is tried again. */
const nextTry = Duration.seconds(5)

/** The open connections, with the time of their last complete request, or of their beginning, in the order of it. */
type Connections = Map<Socket, bigint>

const end = (connections: Connections, socket: Socket): void => {
  connections.delete(socket)
  // Without a reset the kernel would keep what the client does not read.
  socket.resetAndDestroy()
}

/** Ends what is too old, and what is too much. */
const makeRoom = (connections: Connections, now: bigint): void => {
  for (const [socket, since] of connections) {
    const lasts = Duration.nanos(now - since)
    const isTooMuch = connections.size > mostNewcomers ||
      (connections.size > mostConnections && Duration.isGreaterThanOrEqualTo(lasts, grace))
    if (!isTooMuch && Duration.isLessThan(lasts, patience)) return
    end(connections, socket)
  }
}

/** Listens while the scope is open, and returns the port. `bound` gets the server before its first connection. */
export const listen = Effect.fnUntraced(function*<R>(
  endpoint: Endpoint<R>,
  bound: (server: Server) => void = () => {}
): Effect.fn.Return<number, PortTaken, R | Scope.Scope> {
  const run = Effect.runForkWith(yield* Effect.context<R>())
  const clock = yield* Clock.Clock
  const connections: Connections = new Map()
  const renew = (socket: Socket) => {
    connections.delete(socket)
    connections.set(socket, clock.monotonicTimeNanosUnsafe())
  }
  let isMakingRoom = false
  /** Only after the event loop has read what has arrived by now: a loop that is late must not end who has asked. */
  const makeRoomSoon = () => {
    if (isMakingRoom) return
    isMakingRoom = true
    const now = clock.monotonicTimeNanosUnsafe()
    setImmediate(() => {
      isMakingRoom = false
      makeRoom(connections, now)
    })
  }
  let isWatched = false
  /** One fiber for all connections, because a flood may bring ten thousand a second. */
  const watch = Effect.sync(() => {
    makeRoomSoon()
    isWatched = connections.size > 0
  }).pipe(Effect.delay(grace), Effect.repeat({ while: () => isWatched }))
  const accept = (socket: Socket) => {
    renew(socket)
    if (!isWatched) {
      isWatched = true
      run(watch)
    }
    makeRoomSoon()
    onHead(socket, (head) => {
      renew(socket)
      run(Effect.map(answerTo(endpoint, head), (answer) => socket.end(answer)))
    })
    socket.on("error", () => {}).once("close", () => connections.delete(socket))
  }
  const server = yield* Effect.acquireRelease(
    open(endpoint, accept),
    (opened) =>
      Effect.sync(() => {
        opened.close()
        for (const socket of connections.keys()) end(connections, socket)
      })
  )
  bound(server)
  return portOf(server.address())
})

const open = <R>({ host, port, setting }: Endpoint<R>, accept: (socket: Socket) => void) =>
  Effect.callback<Server, PortTaken>((resume) => {
    // A client that sends nothing more may still wait for its answer.
    const server = createServer({ allowHalfOpen: true }, accept)
    // This stays for later errors, which would end the daemon without it.
    server.on("error", (cause) => resume(Effect.fail(new PortTaken({ setting, port, cause }))))
    server.listen({ port, host, backlog }, () => resume(Effect.succeed(server)))
  })

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === "object" && address !== null ? address.port : 0

/**
 * Tells the head of the first request, once; undefined if it is too long. What follows is dropped, a little of it. A
 * client that closes its half before its request is complete is left.
 */
const onHead = (socket: Socket, take: (head: string | undefined) => void): void => {
  let head: string | undefined = ""
  let dropped = 0
  socket.once("end", () => {
    if (head !== undefined) socket.destroy()
  })
  socket.on("data", (bytes) => {
    if (head === undefined) {
      dropped += bytes.length
      if (dropped > mostDropped) socket.resetAndDestroy()
      return
    }
    head += bytes.toString("latin1", 0, longestHead)
    const length = head.indexOf("\r\n\r\n")
    if (length === -1 && head.length < longestHead) return
    const complete = length === -1 || length > longestHead ? undefined : head.slice(0, length)
    head = undefined
    take(complete)
  })
}

/** Each part ends where the next begins, so that no line takes more than linear time. */
const requestLine = /^(\S{1,20}) (?:https?:\/\/[^\s/?]*)?(\/[^\s?]*)(?:\?\S*)? HTTP\/1\.[01]\r?$/

const answerTo = <R>({ answers }: Endpoint<R>, head: string | undefined): Effect.Effect<string, never, R> => {
  if (head === undefined) return Effect.succeed(refusal("431 Request Header Fields Too Large"))
  const [, method, path = ""] = requestLine.exec(head.trimStart().split("\n", 1).join()) ?? []
  if (method === undefined) return Effect.succeed(refusal("400 Bad Request"))
  const answer = answers.get(path)
  if (answer === undefined) return Effect.succeed(refusal("404 Not Found"))
  if (method !== "GET" && method !== "HEAD") {
    return Effect.succeed(refusal("405 Method Not Allowed", "allow: GET, HEAD"))
  }
  return Effect.map(answer, ({ body, contentType, status }) => {
    const line = status === 200 ? "200 OK" : "503 Service Unavailable"
    const length = Buffer.byteLength(body)
    return response(line, [`content-type: ${contentType}`, `content-length: ${length}`], method === "GET" ? body : "")
  })
}

const refusal = (line: string, ...fields: ReadonlyArray<string>) => response(line, ["content-length: 0", ...fields], "")

const response = (line: string, fields: ReadonlyArray<string>, body: string): string =>
  [`HTTP/1.1 ${line}`, "connection: close", ...fields, "", body].join("\r\n")

/** Fails if the port is taken. */
export const layer = <R>(endpoint: Endpoint<R>): Layer.Layer<never, PortTaken, R> =>
  Layer.effectDiscard(listen(endpoint))

/**
 * Waits for a port that is taken, because that is no reason to leave a clock alone. It is told once, and when it is
 * over.
 */
export const patientLayer = <R>(endpoint: Endpoint<R>): Layer.Layer<never, never, R | Libc> =>
  Layer.effectDiscard(
    Effect.gen(function*() {
      const open = listen(endpoint, yield* boundReceiveBuffer)
      const again = Effect.delay(open, nextTry).pipe(
        Effect.retry(Schedule.forever),
        Effect.andThen(Effect.logInfo("listens on the port that was taken"))
      )
      yield* open.pipe(
        Effect.catch(({ message }) =>
          Effect.logWarning(`${message}; it is tried again every ${Duration.format(nextTry)}`).pipe(
            Effect.andThen(Effect.forkScoped(again))
          )
        )
      )
    }).pipe(Effect.annotateLogs({ setting: endpoint.setting, port: endpoint.port }))
  )
