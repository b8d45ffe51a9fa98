/**
 * Everything between the daemon and the API server: a listener that may go away, connections that may be lost, and
 * rules that answer instead of the server. Without a rule each request is passed on. The faults decide what it does.
 */
import type { Socket } from "node:net"
import type { VirtualTime } from "../simulation/VirtualTime.ts"
import { makeBackend } from "./Backend.ts"
import { type Certificate, certificates } from "./Certificates.ts"
import { answerStatus, type Exchange, readExchange } from "./Exchange.ts"
import { type Front, makeFront } from "./Front.ts"
import type { RequestHead } from "./HttpBytes.ts"
import { makeListener } from "./Listener.ts"

/** What becomes of a new connection: nothing is ever said on a swallowed one. */
export type Welcome = "serve" | "swallow" | "reset"

/** Takes a request in the server's place; undefined leaves it to others. */
export type Rule = (exchange: Exchange) => ((exchange: Exchange) => void) | undefined

/** The client's own limit, before the server's (ApiConnection). Node counts it in real time, of which none passes here. */
const longestIdleMillis = 60_000

interface ProxyOptions {
  readonly time: VirtualTime
  readonly isTls: boolean
  readonly onRequest: (exchange: Exchange) => void
  readonly onConnection: () => void
}

export const makeProxy = async ({ isTls, onConnection, onRequest, time }: ProxyOptions) => {
  const fronts = new Set<Front>()
  const rules: Array<Rule> = []
  const backend = makeBackend()
  let connections = 0
  let handshakes = 0
  let events = 0
  /** Of connections that are gone. */
  let bytesBefore = 0

  const serve = (exchange: Exchange) => {
    onRequest(exchange)
    for (const rule of rules) {
      const take = rule(exchange)
      if (take !== undefined) return take(exchange)
    }
    backend.forward(exchange)
  }

  const onHead = (front: Front, head: RequestHead, sentAt: number) => {
    events += 1
    const exchange = readExchange(front, head, { at: time.now(), sentAt })
    front.exchange = exchange
    const isKnown = proxy.tokens.has((head.headers["authorization"] ?? "").replace(/^Bearer /, ""))
    if (isKnown) serve(exchange)
    else {
      answerStatus(exchange, 401, "Unauthorized")
      onRequest(exchange)
    }
  }

  /** In place of the client, which would close it. */
  const closeWhenIdle = (front: Front) => {
    const look = (since: number) => {
      if (!front.isOpen()) return
      if (front.exchange !== undefined) since = time.now()
      if (time.now() - since >= longestIdleMillis) return front.reset()
      time.after(Math.max(1_000, since + longestIdleMillis - time.now()), () => look(since))
    }
    look(time.now())
  }

  const accept = (raw: Socket) => {
    events += 1
    connections += 1
    onConnection()
    if (proxy.welcome === "reset") return void raw.resetAndDestroy()
    const isSwallowed = proxy.welcome === "swallow"
    const front = makeFront({
      id: connections,
      raw,
      isSwallowed,
      secure: isTls && !isSwallowed ? certificates[proxy.certificate] : undefined,
      time,
      onRequest: onHead,
      onSecure: () => {
        handshakes += 1
      },
      onClose: (closed) => {
        events += 1
        bytesBefore += closed.bytes()
        fronts.delete(closed)
        closed.exchange?.abort()
      }
    })
    fronts.add(front)
    if (!isSwallowed) closeWhenIdle(front)
    proxy.harmNew?.(front)
  }

  const listener = await makeListener(accept)
  const proxy = {
    port: listener.port,
    backend,
    fronts,
    rules,
    welcome: "serve" as Welcome,
    certificate: "byFirst" as Certificate,
    tokens: new Set<string>(),
    harmNew: undefined as ((front: Front) => void) | undefined,
    connections: () => connections,
    handshakes: () => handshakes,
    /** Grows with whatever happens. */
    activity: () => events + bytesBefore + backend.bytes() + [...fronts].reduce((sum, front) => sum + front.bytes(), 0),
    isHeldUp: listener.isBinding,
    isBusy: () => listener.isBinding() || backend.owed() > 0 || [...fronts].some((front) => front.isBusy()),
    /** New connections are refused. */
    stopListening: listener.stop,
    listenAgain: listener.listenAgain,
    exchanges: () => [...fronts].flatMap(({ exchange }) => exchange === undefined ? [] : [exchange]),
    close: () => {
      backend.close()
      for (const front of fronts) front.reset()
      listener.stop()
    }
  }
  return proxy
}
