/**
 * The HTTP client of one connection to the API server. It is replaced when authorities or the client certificate have
 * changed. ApiConnection sends its requests over it. It makes no requests of its own and retries nothing.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Clock, Config, Effect, Option, RcRef, Ref, type Scope } from "effect"
import type { HttpClient } from "effect/http"
import { Agent as HttpAgent } from "node:http"
import { Agent as HttpsAgent, type AgentOptions, type RequestOptions } from "node:https"
import { createSecureContext } from "node:tls"
import {
  type KubernetesCredentials,
  KubernetesCredentialsError,
  type KubernetesTls
} from "../../../services/kubernetes/KubernetesCredentials.ts"
import { parseProxyUrl, proxyFor, type ProxyVariables } from "../proxies/ProxyEnvironment.ts"
import { ProxyTunnel, unsupportedProxy } from "../proxies/ProxyTunnel.ts"

export interface ApiClient {
  readonly client: HttpClient.HttpClient
  /**
   * An effect that ends the connection of the request that was just answered. It is needed if the body is not read,
   * because then the connection cannot be used again.
   */
  readonly answering: Effect.Effect<Effect.Effect<void>>
}

export interface ApiTransport {
  /** The present client. Requests on an older one are finished there. */
  readonly client: Effect.Effect<ApiClient, KubernetesCredentialsError, Scope.Scope>
  /** To be called after a TLS error or a refusal: reads the certificates again and says whether they have changed. */
  readonly renewed: Effect.Effect<boolean>
  /** After a TLS error the next request uses a new client, whatever the files contain, so no failed state is kept. */
  readonly forget: Effect.Effect<void>
}

// The same age as in client-go (transport, CertCallbackRefreshDuration). So a withdrawn authority or an expiring client
// certificate is not used for as long as a connection lives.
const materialAgeNanos = 300_000_000_000n

/** Opens nothing before the first request. Everything is closed with the scope. */
export const makeApiTransport = Effect.fnUntraced(
  function*(credentials: KubernetesCredentials["Service"]): Effect.fn.Return<ApiTransport, never, Scope.Scope> {
    const variables = yield* proxyVariables
    const known = yield* Ref.make<{ readonly tls: KubernetesTls; readonly readAtNanos: bigint } | undefined>(undefined)
    const remember = (tls: KubernetesTls) =>
      Effect.flatMap(Clock.monotonicTimeNanos, (readAtNanos) => Ref.set(known, { tls, readAtNanos }))
    const clients = yield* RcRef.make({
      acquire: Effect.gen(function*() {
        const proxy = yield* usableProxy(credentials.proxy ?? proxyFor(credentials.server, variables))
        const tls = yield* credentials.tls
        yield* remember(tls)
        return yield* makeHttpClient(tls, proxy)
      }),
      idleTimeToLive: "Infinity"
    })

    const renewed = Effect.gen(function*() {
      const before = yield* Ref.get(known)
      const now = yield* Effect.option(credentials.tls)
      // The files cannot be read. The present client is all there is, and it may still work.
      if (before === undefined || Option.isNone(now)) return false
      const isSame = JSON.stringify(now.value) === JSON.stringify(before.tls)
      if (!isSame) yield* RcRef.invalidate(clients)
      else yield* remember(before.tls)
      return !isSame
    })

    const client = Effect.gen(function*() {
      const before = yield* Ref.get(known)
      if (before !== undefined && (yield* Clock.monotonicTimeNanos) - before.readAtNanos >= materialAgeNanos) {
        yield* renewed
      }
      return yield* RcRef.get(clients)
    })

    return { client, renewed, forget: RcRef.invalidate(clients) }
  }
)

const variable = (...names: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.map(
    Effect.forEach(names, (name) => Effect.orElseSucceed(Config.String(name), () => "")),
    (texts) => texts.find((text) => text !== "") ?? ""
  )

/** Names in upper case come first, as in Go. */
const proxyVariables: Effect.Effect<ProxyVariables> = Effect.all({
  httpsProxy: variable("HTTPS_PROXY", "https_proxy"),
  httpProxy: variable("HTTP_PROXY", "http_proxy"),
  noProxy: variable("NO_PROXY", "no_proxy")
})

const usableProxy = Effect.fnUntraced(function*(text: string | undefined) {
  if (text === undefined) return undefined
  const proxy = parseProxyUrl(text)
  // The message does not contain the address, because that may contain a password.
  const problem = proxy === undefined ? "it is no URL" : unsupportedProxy(proxy)
  if (problem === undefined) return proxy
  return yield* new KubernetesCredentialsError({ source: "HTTPS_PROXY, HTTP_PROXY or proxy-url", cause: problem })
})

// One socket, so a request waits for the one before it. The server closes idle connections after 90 s (kube-apiserver,
// `IdleTimeout`). Ours closes earlier, so that no request meets a connection that is just being closed.
const makeHttpClient = Effect.fnUntraced(function*(tls: KubernetesTls, proxy: URL | undefined) {
  // Read once, here: node would throw at each connection for a PEM file that is broken or half written.
  const secureContext = yield* Effect.try({
    try: () => createSecureContext({ ca: tls.ca, cert: tls.cert, key: tls.key }),
    catch: (cause) => new KubernetesCredentialsError({ source: "the TLS material", cause })
  })
  const connection = { keepAlive: true, keepAliveMsecs: 30_000, maxSockets: 1, timeout: 60_000 }
  const agents = yield* Effect.acquireRelease(
    Effect.sync(() => ({
      http: new HttpAgent({ ...connection, ...(proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy.href } }) }),
      https: httpsAgent(
        {
          ...connection,
          rejectUnauthorized: tls.skipVerify !== true,
          secureContext,
          ...(tls.serverName === undefined ? {} : { servername: tls.serverName })
        },
        proxy,
        tls.ca
      )
    })),
    ({ http, https }) =>
      Effect.sync(() => {
        http.destroy()
        https.destroy()
      })
  )
  const client = yield* NodeHttpClient.makeNodeHttp.pipe(Effect.provideService(NodeHttpClient.HttpAgent, agents))
  // Only one socket is busy, and it belongs to this request as long as its body is not read.
  const answering = Effect.sync(() => {
    const busy = [agents.http, agents.https].flatMap(({ sockets }) => Object.values(sockets)).flat()
    return Effect.sync(() => {
      for (const socket of busy) socket?.destroy()
    })
  })
  return { client, answering } satisfies ApiClient
})

const httpsAgent = (options: AgentOptions, proxy: URL | undefined, ca: string | undefined): HttpsAgent =>
  proxy === undefined ? new HttpsAgent(options) : new TunnelAgent(options, proxy, ca)

/** Node's own agent, with TLS and session resumption, whose connections go through a proxy. */
class TunnelAgent extends HttpsAgent {
  readonly #proxy: URL
  readonly #ca: string | undefined

  constructor(options: AgentOptions, proxy: URL, ca: string | undefined) {
    super(options)
    this.#proxy = proxy
    this.#ca = ca
  }

  override createConnection(options: RequestOptions) {
    const { host, port } = options
    const way = {
      proxy: this.#proxy,
      host: host ?? "",
      port: Number(port),
      ...(this.#ca === undefined ? {} : { ca: this.#ca })
    }
    const throughTunnel = { ...options, socket: new ProxyTunnel(way) }
    return super.createConnection(throughTunnel)
  }
}
