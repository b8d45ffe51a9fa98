/**
 * Credentials of a person: `KUBECONFIG` or `~/.kube/config`, with exec plugins, OIDC and client certificates as
 * `@kubernetes/client-node` reads them. It is loaded here only, and only when this layer is built: in a cluster
 * nobody pays for it.
 */
import { Effect, Layer, Ref } from "effect"
import type { RequestOptions } from "node:https"
import { KubernetesCredentials, KubernetesCredentialsError } from "../../services/kubernetes/KubernetesCredentials.ts"

/** The current context of the default kubeconfig. Fails to build when there is none or it has no cluster. */
export const layer: Layer.Layer<KubernetesCredentials, KubernetesCredentialsError> = Layer.effect(
  KubernetesCredentials,
  Effect.gen(function*() {
    const config = yield* Ref.make(yield* load)
    const server = (yield* Ref.get(config)).getCurrentCluster()?.server
    if (server === undefined) {
      return yield* new KubernetesCredentialsError({ source, cause: "the current context names no cluster" })
    }
    // Asked for each request: KubeConfig itself reads token files again and runs an exec plugin when its token expires.
    const options = Effect.flatMap(Ref.get(config), (current) =>
      attempt(async () => {
        const requestOptions: RequestOptions = {}
        // Plain HTTP, as `kubectl proxy` serves it, has no TLS to set up, and client-node refuses to.
        if (!server.startsWith("http:")) await current.applyToHTTPSOptions(requestOptions)
        return requestOptions
      }))
    // It cannot be told that a token was revoked before its time; loaded anew it has forgotten it.
    const reload = Effect.flatMap(load, (fresh) => Ref.set(config, fresh))
    return {
      server: server.replace(/\/+$/, ""),
      headers: ({ renew }) => Effect.andThen(renew ? reload : Effect.void, Effect.map(options, headersOf)),
      tls: Effect.map(options, tlsOf)
    }
  })
)

const source = "the kubeconfig"

const attempt = <A>(promise: () => Promise<A>) =>
  Effect.tryPromise({ try: promise, catch: (cause) => new KubernetesCredentialsError({ source, cause }) })

const load = attempt(async () => {
  // Not the package's index, which loads every model of the API.
  const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js")
  const loaded = new KubeConfig()
  loaded.loadFromDefault()
  return loaded
})

const headersOf = ({ auth, headers = {} }: RequestOptions): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
  // `user:password`, as node:https takes it.
  ...(typeof auth === "string" ? { authorization: `Basic ${Buffer.from(auth).toString("base64")}` } : {})
})

const tlsOf = ({ ca, cert, key, rejectUnauthorized, servername }: RequestOptions) => ({
  ...(ca === undefined ? {} : { ca: String(ca) }),
  ...(cert === undefined ? {} : { cert: String(cert) }),
  ...(key === undefined ? {} : { key: String(key) }),
  ...(servername === undefined ? {} : { serverName: servername }),
  skipVerify: rejectUnauthorized === false
})
