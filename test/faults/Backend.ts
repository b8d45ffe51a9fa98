/** The side of the proxy towards the embedded API server: one HTTP request for each request that is passed on. */
import { Agent, type IncomingMessage, request } from "node:http"
import { answerWhole, beginStream, closeExchange, endStream, type Exchange, sendLine } from "./Exchange.ts"

/** What a server answered to a request that is no watch. */
export interface Answer {
  readonly status: number
  readonly body: Buffer
}

export interface Backend {
  /** Base URL; undefined while the server is away. */
  url: string | undefined
  /** Passes a request on; its answer goes to the client unless `onAnswer` takes it. */
  readonly forward: (exchange: Exchange, onAnswer?: (answer: Answer) => void) => void
  /** Requests whose answer has not begun, or is no stream and not complete. */
  readonly owed: () => number
  readonly bytes: () => number
  readonly close: () => void
}

export const makeBackend = (): Backend => {
  const agent = new Agent({ keepAlive: true })
  let owed = 0
  let bytes = 0

  const streamOn = (exchange: Exchange, response: IncomingMessage) => {
    owed -= 1
    let pending = ""
    beginStream(exchange)
    response.setEncoding("utf8")
    response.on("data", (text: string) => {
      bytes += text.length
      const lines = (pending + text).split("\n")
      pending = lines.pop() ?? ""
      for (const line of lines) {
        if (!line.startsWith("{\"type\":\"BOOKMARK\"")) exchange.events.push(line)
        if (exchange.onLine === undefined) sendLine(exchange, line)
        else exchange.onLine(line)
      }
    })
    response.on("end", () => endStream(exchange))
    // The server went away.
    response.on("error", () => {
      if (exchange.isStreaming) closeExchange(exchange)
    })
  }

  const collectFrom = (response: IncomingMessage, onAnswer: (answer: Answer) => void) => {
    const chunks: Array<Buffer> = []
    response.on("data", (part: Buffer) => void chunks.push(part))
    response.on("end", () => onAnswer({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }))
    response.on("error", () => {})
    response.on("close", () => {
      owed -= 1
      bytes += 1
    })
  }

  const forward = (exchange: Exchange, onAnswer?: (answer: Answer) => void) => {
    const { front, head, target, verb } = exchange
    if (backend.url === undefined) return closeExchange(exchange)
    const { authorization: _authorization, connection: _connection, host: _host, ...headers } = head.headers
    owed += 1
    let isAnswered = false
    const passed = request(new URL(target, backend.url), { method: head.method, headers, agent }, (response) => {
      isAnswered = true
      const status = response.statusCode ?? 0
      if (verb === "watch" && status === 200) streamOn(exchange, response)
      else collectFrom(response, onAnswer ?? (({ body }) => answerWhole(exchange, status, body)))
    })
    passed.on("error", () => {
      if (!isAnswered && front.isOpen()) closeExchange(exchange)
    })
    passed.on("close", () => {
      if (!isAnswered) owed -= 1
      bytes += 1
    })
    exchange.abort = () => {
      exchange.abort = () => {}
      passed.destroy()
    }
    passed.end(head.body)
  }

  const backend: Backend = {
    url: undefined,
    forward,
    owed: () => owed,
    bytes: () => bytes,
    close: () => agent.destroy()
  }
  return backend
}
