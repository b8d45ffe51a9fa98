/**
 * A proxy on loopback that does what a test says, CONNECT by CONNECT. It knows every name as 127.0.0.1, so a test may
 * ask for a server that is not on loopback, where no proxy is ever asked.
 */
import { Deferred, Effect, Queue } from "effect"
import { connect, createServer, type Server, type Socket } from "node:net"
import { createServer as createTlsServer } from "node:tls"

/** A CONNECT that waits for its answer. */
export interface ProxyRequest {
  readonly target: string
  /** User and password, or empty. */
  readonly login: string
  /** Agrees, and passes bytes on to that port of 127.0.0.1; `early` are sent along with the answer. */
  readonly allow: Effect.Effect<void>
  /** Answers with this status line. */
  readonly refuse: (status: string) => Effect.Effect<void>
  /** Sends these bytes. */
  readonly say: (text: string) => Effect.Effect<void>
  readonly hangUp: Effect.Effect<void>
  readonly reset: Effect.Effect<void>
  /** Completes when the client's connection to the proxy is closed. */
  readonly closed: Effect.Effect<void>
  readonly clientPort: number
}

/** An HTTP proxy; with a certificate it speaks TLS itself. Both ends of every tunnel close with the scope. */
export const scriptedProxy = Effect.fnUntraced(function*(tls?: { readonly cert: string; readonly key: string }) {
  const requests = yield* Queue.unbounded<ProxyRequest>()
  const { port, track } = yield* listening(
    (accept) => tls === undefined ? createServer(accept) : createTlsServer(tls, accept),
    (socket) => {
      let head = ""
      const read = (chunk: Buffer) => {
        head += chunk.toString("latin1")
        if (!head.includes("\r\n\r\n")) return
        socket.off("data", read)
        Queue.offerUnsafe(requests, proxyRequest(socket, head, track))
      }
      socket.on("data", read)
    }
  )
  return { port, host: `127.0.0.1:${port}`, next: Queue.take(requests), untaken: Queue.size(requests) }
})

const proxyRequest = (socket: Socket, head: string, track: (socket: Socket) => void): ProxyRequest => {
  const target = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head)?.[1] ?? `not CONNECT: ${head}`
  const login = /\r\nProxy-Authorization: Basic (\S+)\r\n/i.exec(head)?.[1] ?? ""
  const closed = Deferred.makeUnsafe<void>()
  socket.once("close", () => Deferred.doneUnsafe(closed, Effect.void))
  const say = (text: string) => Effect.sync(() => void socket.write(text))
  return {
    target,
    login: Buffer.from(login, "base64").toString(),
    allow: Effect.sync(() => tunnel(socket, target, track, "HTTP/1.1 200 Connection established\r\n\r\n")),
    refuse: (status) => say(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`),
    say,
    hangUp: Effect.sync(() => void socket.end()),
    reset: Effect.sync(() => void socket.resetAndDestroy()),
    closed: Deferred.await(closed),
    clientPort: socket.remotePort ?? 0
  }
}

const tunnel = (socket: Socket, target: string, track: (socket: Socket) => void, answer: string | Buffer) => {
  const server = connect({ host: "127.0.0.1", port: Number(target.slice(target.lastIndexOf(":") + 1)) })
  track(server)
  server.once("connect", () => {
    socket.write(answer)
    server.pipe(socket)
    socket.pipe(server)
  })
  server.once("close", () => void socket.destroy())
  socket.once("close", () => void server.destroy())
}

const listening = Effect.fnUntraced(function*(
  create: (accept: (socket: Socket) => void) => Server,
  accept: (socket: Socket) => void
) {
  const sockets = new Set<Socket>()
  const track = (socket: Socket) => {
    sockets.add(socket)
    // Either side may reset.
    socket.on("error", () => socket.destroy())
    socket.once("close", () => sockets.delete(socket))
  }
  const server = create((socket) => {
    track(socket)
    accept(socket)
  })
  // A handshake that fails is the client's to tell.
  server.on("tlsClientError", () => {})
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )
  const address = server.address()
  return { port: address !== null && typeof address === "object" ? address.port : 0, track }
})
