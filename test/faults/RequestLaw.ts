/**
 * What a client may ask of an API server, whatever the server does: no tight loop, and no request before the time that
 * a 429 or 503 asked for. It sees requests as they arrive at the proxy.
 */
import type { Exchange } from "./Exchange.ts"

/**
 * Back-off with full jitter waits 0.4 s, 0.8 s, 1.6 s ... 15 s in the mean, which are some nine requests in the first
 * minute and four in each later one; a draw of the dice makes it up to thirty. A 401 doubles them, because the token is
 * read again at once. A loop that forgets to wait makes thousands.
 */
const mostInMinute = 60
/** Of one watch, or of all plain requests together. */
const mostInSecond = 16
/** As many as all together may make requests. */
const mostConnectionsInSecond = 4 * mostInSecond
/** It would go on for ever. */
const hopeless = 200
/** A server that asks for more patience than this is asked all the same (WatchPolicy). */
const longestRetryAfterMillis = 60_000

interface Asked {
  readonly at: number
  readonly exchange: Exchange
}

export interface RequestLaw {
  readonly onRequest: (exchange: Exchange) => void
  /** A connection came, whatever becomes of it. */
  readonly onConnection: () => void
  /** An answer asked for patience. */
  readonly onRetryAfter: (exchange: Exchange, seconds: number) => void
  /** A loop that does not wait at all. */
  readonly isHopeless: () => boolean
  /** When the last patience ends that was asked for. */
  readonly patientUntil: () => number
  readonly all: () => ReadonlyArray<Asked>
}

/** A watch has a connection of its own; all plain requests and events share one. */
const askerOf = ({ resource, verb }: Exchange): string => verb === "list" || verb === "watch" ? resource : "plain"
/** Patience is asked of one kind of request. An event waits for it, but after its last try the next one asks anew. */
const requestOf = (exchange: Exchange): string =>
  askerOf(exchange) === "plain" ? `${exchange.verb} ${exchange.resource}` : exchange.resource

export const makeRequestLaw = (
  { breach, now }: { readonly now: () => number; readonly breach: (text: string) => void }
): RequestLaw => {
  const asked: Array<Asked> = []
  const recent = new Map<string, Array<number>>()
  const patience = new Map<string, { readonly askedAt: number; readonly until: number }>()
  let isHopeless = false
  let connected: Array<number> = []
  const told = new Set<string>()
  const tellOnce = (key: string, text: string) => {
    if (told.has(key)) return
    told.add(key)
    breach(text)
  }
  return {
    onRequest: (exchange) => {
      const at = now()
      asked.push({ at, exchange })
      const asker = askerOf(exchange)
      const times = (recent.get(asker) ?? []).filter((time) => time > at - 60_000)
      times.push(at)
      recent.set(asker, times)
      const inSecond = times.filter((time) => time > at - 1_000).length
      if (times.length > mostInMinute) tellOnce(`${asker} m`, `${times.length} requests of ${asker} in a minute`)
      if (inSecond > mostInSecond) tellOnce(`${asker} s`, `${inSecond} requests of ${asker} in a second`)
      isHopeless ||= inSecond > hopeless
      const { askedAt, until } = patience.get(requestOf(exchange)) ?? { askedAt: 0, until: 0 }
      // A request that a lost path held up may come late, but nobody could know of a patience that was asked for later.
      const { sentAt } = exchange
      if (sentAt >= askedAt && sentAt < until && exchange.resource !== "events") {
        tellOnce(
          `${asker} r`,
          `${requestOf(exchange)} is asked ${until - sentAt} ms before the time that the server asked for`
        )
      }
    },
    onConnection: () => {
      connected = connected.filter((time) => time > now() - 1_000)
      connected.push(now())
      isHopeless ||= connected.length > hopeless
      if (connected.length > mostConnectionsInSecond) {
        tellOnce("connections", `${connected.length} connections in a second`)
      }
    },
    onRetryAfter: (exchange, seconds) => {
      const askedAt = now()
      const until = askedAt + Math.min(seconds * 1_000, longestRetryAfterMillis)
      patience.set(requestOf(exchange), { askedAt, until })
    },
    isHopeless: () => isHopeless,
    patientUntil: () => Math.max(0, ...[...patience.values()].map(({ until }) => until)),
    all: () => asked
  }
}
