/** One request of the daemon and its answer, which comes from the server behind the proxy or from a fault. */
import type { Front } from "./Front.ts"
import { brokenChunk, chunk, chunkedHead, lastChunk, type RequestHead, statusText, wholeAnswer } from "./HttpBytes.ts"

export type Verb = "list" | "watch" | "get" | "create" | "patch"

export interface Exchange {
  /** When it came to the proxy, in virtual milliseconds. */
  readonly at: number
  /** When the client sent it: earlier, if the path was lost in between. */
  readonly sentAt: number
  readonly front: Front
  readonly head: RequestHead
  /** Path and query as they are passed on. */
  target: string
  readonly verb: Verb
  /** Plural of the kind: `nodes`, `nodeptpcfgs`. */
  readonly resource: string
  readonly path: string
  readonly params: URLSearchParams
  /** It asks for everything: a LIST, or a watch that begins with it. */
  readonly isFull: boolean
  /** Undefined until it is answered. */
  status: number | undefined
  /** The answer of a watch is under way. */
  isStreaming: boolean
  /** What passed of a watch's events, oldest first. */
  readonly events: Array<string>
  /** Gets what comes from the server in place of the client. */
  onLine: ((line: string) => void) | undefined
  /** Lets go of the server's side. */
  abort: () => void
}

/** Undefined for what is none of the API's requests. */
export const readExchange = (front: Front, head: RequestHead, times: Pick<Exchange, "at" | "sentAt">): Exchange => {
  const url = new URL(head.target, "http://api")
  const parts = url.pathname.split("/").filter((part) => part !== "")
  const afterVersion = parts.slice(parts[0] === "api" ? 2 : 3)
  const [resource = "", name] = afterVersion[0] === "namespaces" && afterVersion.length > 2
    ? afterVersion.slice(2)
    : afterVersion
  const isWatch = url.searchParams.get("watch") === "true"
  const verb = head.method === "POST"
    ? "create"
    : head.method === "PATCH"
    ? "patch"
    : isWatch
    ? "watch"
    : name === undefined
    ? "list"
    : "get"
  return {
    ...times,
    front,
    head,
    target: head.target,
    verb,
    resource,
    path: url.pathname,
    params: url.searchParams,
    isFull: verb === "list" || url.searchParams.get("sendInitialEvents") === "true",
    status: undefined,
    isStreaming: false,
    events: [],
    onLine: undefined,
    abort: () => {}
  }
}

/** A request in words, with what answered it if the proxy refused it. */
export const exchangeText = ({ front, isFull, params, resource, status, verb }: Exchange): string => {
  const version = params.get("resourceVersion")
  return [
    `  ${front.id}: ${verb}`,
    ...(isFull && verb === "watch" ? ["all"] : []),
    resource,
    ...(version === null ? [] : [`from ${version || "''"}`]),
    ...(status === undefined ? [] : [String(status)])
  ].join(" ")
}

/** The exchange is over; the connection is free for another. */
const finish = (exchange: Exchange) => {
  exchange.isStreaming = false
  exchange.abort()
  if (exchange.front.exchange === exchange) exchange.front.exchange = undefined
}

export const answerWhole = (
  exchange: Exchange,
  status: number,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {}
): void => {
  exchange.status = status
  exchange.front.outlet.write(wholeAnswer(status, body, headers))
  finish(exchange)
}

export const answerStatus = (
  exchange: Exchange,
  status: number,
  reason: string,
  headers: Readonly<Record<string, string>> = {}
): void => answerWhole(exchange, status, statusText(status, reason), headers)

export const beginStream = (exchange: Exchange): void => {
  exchange.status = 200
  exchange.isStreaming = true
  exchange.front.outlet.write(Buffer.from(chunkedHead))
}

/** Any text, as one chunk. */
export const sendText = ({ front, isStreaming }: Exchange, text: string): void => {
  if (isStreaming && text !== "") front.outlet.write(chunk(text))
}

export const sendLine = (exchange: Exchange, line: string): void => sendText(exchange, `${line}\n`)

export const sendEvent = (exchange: Exchange, type: string, object: unknown): void =>
  sendLine(exchange, JSON.stringify({ type, object }))

/** The body ends in good order. */
export const endStream = (exchange: Exchange): void => {
  if (!exchange.isStreaming) return
  exchange.front.outlet.write(Buffer.from(lastChunk))
  finish(exchange)
}

/** The body ends where a chunk should begin, and so does the connection. */
export const breakStream = (exchange: Exchange): void => {
  exchange.front.outlet.write(Buffer.from(brokenChunk))
  closeExchange(exchange)
}

export const closeExchange = (exchange: Exchange): void => {
  exchange.front.close()
  finish(exchange)
}

export const resetExchange = (exchange: Exchange): void => {
  exchange.front.reset()
  finish(exchange)
}
