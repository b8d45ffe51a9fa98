/**
 * A connection to a server through an HTTP proxy by CONNECT, with or without TLS to the proxy. The stream exists at
 * once and carries bytes when the proxy has agreed. So an HTTP agent can count, queue and destroy it like any other
 * socket. Node's own `proxyEnv` opens tunnels that the agent does not see, and without TCP keep-alive.
 */
import { connect, type Socket } from "node:net"
import { Duplex } from "node:stream"
import { connect as connectTls, getCACertificates } from "node:tls"

export interface ProxyTunnelOptions {
  readonly proxy: URL
  readonly host: string
  readonly port: number
  /** Authorities that are trusted in addition to the system's, if the proxy itself uses TLS. */
  readonly ca?: string
}

/** The proxy cannot be reached, or refuses. `code` is node's own. */
class ProxyTunnelError extends Error {
  readonly code = "ERR_PROXY_TUNNEL"
}

const keepAlive = { keepAlive: true, keepAliveInitialDelay: 30_000 }
/** If the proxy's answer is longer than this, it is not an answer to CONNECT. */
const longestAnswer = 16_384

/** Why this proxy cannot be used at all; undefined if it can. */
export const unsupportedProxy = ({ protocol }: URL): string | undefined =>
  protocol === "http:" || protocol === "https:"
    ? undefined
    : `a proxy by ${protocol.replace(":", "")} is not supported; http and https are`

/** The proxy's address for messages, without its password. */
const proxyName = ({ host, protocol }: URL): string => `${protocol}//${host}`

/**
 * Connects at once. It fails (event `error`) if the proxy refuses, ends or resets the connection. The caller must limit
 * how long a proxy may be silent.
 */
export class ProxyTunnel extends Duplex {
  readonly #options: ProxyTunnelOptions
  #socket: Socket | undefined
  #isOpen = false
  /** What must be sent to the server first; kept until the proxy has agreed. */
  #waiting: (() => void) | undefined

  constructor(options: ProxyTunnelOptions) {
    super({ allowHalfOpen: false })
    this.#options = options
    const { ca, proxy } = options
    const address = { host: bareHost(proxy), port: portOf(proxy), ...keepAlive }
    const socket = proxy.protocol === "http:" ? connect(address) : connectTls({
      ...address,
      servername: /^[\d.]+$|:/.test(address.host) ? "" : address.host,
      ca: [...getCACertificates("default"), ...(ca === undefined ? [] : [ca])]
    })
    this.#adopt(socket)
    socket.once(proxy.protocol === "http:" ? "connect" : "secureConnect", () => socket.write(this.#connectRequest()))
    let answer = Buffer.alloc(0)
    const readAnswer = (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk])
      const end = answer.indexOf("\r\n\r\n")
      if (end < 0 && answer.length < longestAnswer) return
      socket.off("data", readAnswer)
      const status = /^HTTP\/1\.[01] (\d{3})([^\r\n]*)/.exec(answer.toString("latin1"))
      if (end >= 0 && status?.[1] === "200") return this.#open(socket, answer.subarray(end + 4))
      this.#fail(status === null ? "its answer is not HTTP" : refusal(`${status[1]}${status[2]}`))
    }
    socket.on("data", readAnswer)
  }

  #connectRequest(): string {
    const { host, port, proxy } = this.#options
    const target = `${host.includes(":") ? `[${host}]` : host}:${port}`
    const login = Buffer.from(`${decode(proxy.username)}:${decode(proxy.password)}`).toString("base64")
    const authorization = proxy.username === "" ? "" : `Proxy-Authorization: Basic ${login}\r\n`
    return `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization}\r\n`
  }

  #adopt(socket: Socket) {
    this.#socket = socket
    socket.on("error", (cause) => this.#fail(describe(cause)))
    socket.on("close", () => {
      if (this.#isOpen) this.push(null)
      else this.#fail("it closed the connection")
    })
  }

  #open(socket: Socket, first: Buffer) {
    this.#isOpen = true
    if (first.length > 0) this.push(first)
    socket.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) socket.pause()
    })
    socket.on("end", () => this.push(null))
    socket.resume()
    this.#waiting?.()
  }

  #fail(reason: string) {
    this.destroy(new ProxyTunnelError(`by proxy ${proxyName(this.#options.proxy)}: ${reason}`))
  }

  override _read() {
    if (this.#isOpen) this.#socket?.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void) {
    if (this.#isOpen) this.#socket?.write(chunk, done)
    else this.#waiting = () => void this.#socket?.write(chunk, done)
  }

  override _final(done: () => void) {
    this.#socket?.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void) {
    this.#socket?.destroy()
    done(error)
  }
}

const refusal = (status: string): string =>
  status.startsWith("407") ? `${status}: it wants a user and a password in its URL` : status

const bareHost = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, "")

const portOf = ({ port, protocol }: URL): number => port === "" ? (protocol === "https:" ? 443 : 80) : Number(port)

/** A percent sign that encodes nothing is kept as it is. */
const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const describe = (cause: Error): string => "code" in cause ? `${String(cause.code)}: ${cause.message}` : cause.message
