/**
 * An API server on loopback that does what a test says, request by request: the tests of the Kubernetes client talk
 * to it. It knows no objects and no rules; each request waits until the test has answered it.
 */
import { Deferred, Effect, Queue } from "effect"
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse
} from "node:http"
import { createServer as createTlsServer, type Server as TlsServer } from "node:https"
import type { Socket } from "node:net"
import { TLSSocket } from "node:tls"

/** A request that waits for its answer. */
export interface ScriptedRequest {
  readonly method: string
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
  /** Which of the server's connections it came on, from 1. */
  readonly connection: number
  /** The client's port, as the server sees it. */
  readonly clientPort: number
  /** The TLS session is the one of an earlier connection. */
  readonly isResumed: boolean
  /** Common name of the client's certificate; empty without one. */
  readonly clientName: string
  /** Answers with a whole JSON body. */
  readonly answer: (status: number, body: unknown, headers?: Readonly<Record<string, string>>) => Effect.Effect<void>
  /** Answers 200 and leaves the body open, as a watch is. */
  readonly open: Effect.Effect<void>
  /** Sends text as one packet and waits until it is out. */
  readonly send: (text: string) => Effect.Effect<void>
  readonly sendEvent: (type: string, object: unknown) => Effect.Effect<void>
  /** Ends the body in good order. */
  readonly end: Effect.Effect<void>
  /** Closes the connection without ending the body. */
  readonly hangUp: Effect.Effect<void>
  /** Sends a TCP reset. */
  readonly reset: Effect.Effect<void>
  /** Completes when the connection of this request is closed. */
  readonly closed: Effect.Effect<void>
}

interface ScriptedApiServer {
  readonly url: string
  readonly port: number
  /** The next request. */
  readonly next: Effect.Effect<ScriptedRequest>
  /** How many requests nobody has taken. */
  readonly untaken: Effect.Effect<number>
  /** How many connections there were, those that are closed too; with TLS: how many handshakes succeeded. */
  readonly opened: Effect.Effect<number>
}

interface Connection {
  readonly number: number
  readonly closed: Deferred.Deferred<void>
}

/** Starts on a free port of 127.0.0.1 and stops with the scope. */
export const scriptedApiServer = Effect.suspend(() => serve((listener) => createServer(settings, listener), "http"))

/** The same with TLS. `clientCa` lets clients show a certificate, which is not required. */
export const scriptedTlsApiServer = Effect.fnUntraced(function*(
  { cert, clientCa, host = "127.0.0.1", key }: {
    readonly cert: string
    readonly key: string
    readonly clientCa?: string
    readonly host?: string
  }
) {
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false }
  const server = createTlsServer({ ...settings, ...clients, cert, key })
  const served = yield* serve((listener) => server.on("request", listener), "https", host)
  /** The next handshakes are answered with another certificate of the same key; connections that are open stay. */
  const present = (other: string) => Effect.sync(() => server.setSecureContext({ ...clients, cert: other, key }))
  return { ...served, present }
})

const settings = { keepAlive: true, keepAliveTimeout: 60_000 }

const serve = Effect.fnUntraced(function*(
  create: (listener: RequestListener) => Server | TlsServer,
  scheme: string,
  host = "127.0.0.1"
) {
  const requests = yield* Queue.unbounded<ScriptedRequest>()
  const connections = new Map<Socket, Connection>()
  const server = create((incoming, outgoing) => {
    const chunks: Array<Buffer> = []
    incoming.on("data", (chunk: Buffer) => void chunks.push(chunk))
    incoming.on("end", () => {
      const connection = connections.get(incoming.socket)
      if (connection === undefined) return
      Queue.offerUnsafe(requests, scriptedRequest(incoming, outgoing, Buffer.concat(chunks).toString(), connection))
    })
  })
  server.on(scheme === "https" ? "secureConnection" : "connection", (socket: Socket) => {
    const closed = Deferred.makeUnsafe<void>()
    socket.once("close", () => Deferred.doneUnsafe(closed, Effect.void))
    connections.set(socket, { number: connections.size + 1, closed })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, host, () => resume(Effect.void))),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  const address = server.address()
  const port = address !== null && typeof address === "object" ? address.port : 0
  return {
    url: `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`,
    port,
    next: Queue.take(requests),
    untaken: Queue.size(requests),
    opened: Effect.sync(() => connections.size)
  } satisfies ScriptedApiServer
})

const scriptedRequest = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: string,
  connection: Connection
): ScriptedRequest => {
  const url = new URL(incoming.url ?? "/", "http://127.0.0.1")
  const send = (text: string) => Effect.callback<void>((resume) => void outgoing.write(text, () => resume(Effect.void)))
  return {
    method: incoming.method ?? "",
    path: url.pathname,
    params: Object.fromEntries(url.searchParams),
    headers: incoming.headers,
    body: body === "" ? undefined : isForm(incoming) ? Object.fromEntries(new URLSearchParams(body)) : JSON.parse(body),
    connection: connection.number,
    clientPort: incoming.socket.remotePort ?? 0,
    isResumed: incoming.socket instanceof TLSSocket && incoming.socket.isSessionReused(),
    clientName: incoming.socket instanceof TLSSocket
      ? String(incoming.socket.getPeerCertificate().subject?.CN ?? "")
      : "",
    answer: (status, answer, headers = {}) =>
      Effect.sync(() => {
        outgoing.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(answer))
      }),
    open: Effect.sync(() => {
      outgoing.writeHead(200, { "content-type": "application/json" }).flushHeaders()
      incoming.socket.setNoDelay(true)
    }),
    send,
    sendEvent: (type, object) => send(`${JSON.stringify({ type, object })}\n`),
    end: Effect.sync(() => void outgoing.end()),
    hangUp: Effect.sync(() => void incoming.socket.destroy()),
    reset: Effect.sync(() => void incoming.socket.resetAndDestroy()),
    closed: Deferred.await(connection.closed)
  }
}

/** What a token end point is sent. */
const isForm = (incoming: IncomingMessage): boolean =>
  incoming.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") ?? false
