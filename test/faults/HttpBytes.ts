/** HTTP/1.1 as bytes, so that the proxy can cut, mix up and invent messages: it reads requests and writes answers. */

export interface RequestHead {
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

const headEnd = "\r\n\r\n"

/** Reads the requests of one connection. The daemon's client sends no chunked bodies. */
export const makeRequestReader = (onRequest: (head: RequestHead) => void) => {
  let pending = Buffer.alloc(0)
  const readOne = (): boolean => {
    const end = pending.indexOf(headEnd)
    if (end < 0) return false
    const [requestLine = "", ...lines] = pending.subarray(0, end).toString("latin1").split("\r\n")
    const headers = Object.fromEntries(lines.map((line): readonly [string, string] => {
      const colon = line.indexOf(":")
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }))
    const bodyAt = end + headEnd.length
    const next = bodyAt + Number(headers["content-length"] ?? 0)
    if (pending.length < next) return false
    const [method = "", target = ""] = requestLine.split(" ")
    const body = Buffer.from(pending.subarray(bodyAt, next))
    pending = pending.subarray(next)
    onRequest({ method, target, headers, body })
    return true
  }
  return (bytes: Buffer): void => {
    pending = Buffer.concat([pending, bytes])
    while (readOne());
  }
}

const responseHead = (status: number, headers: Readonly<Record<string, string>>): string =>
  [`HTTP/1.1 ${status} Because`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), "", ""].join(
    "\r\n"
  )

/** A whole answer with its length. */
export const wholeAnswer = (
  status: number,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {}
): Buffer => {
  const bytes = Buffer.from(body)
  const head = { "content-type": "application/json", ...headers, "content-length": String(bytes.length) }
  return Buffer.concat([Buffer.from(responseHead(status, head)), bytes])
}

export const chunkedHead = responseHead(200, { "content-type": "application/json", "transfer-encoding": "chunked" })

export const chunk = (text: string): Buffer => {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")])
}

export const lastChunk = "0\r\n\r\n"
/** Where a chunk's size has to stand. */
export const brokenChunk = "no-size\r\n"

/** A `Status` as the API server answers a request that it refuses. */
export const statusText = (code: number, reason: string): string =>
  JSON.stringify({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: reason, reason, code })
