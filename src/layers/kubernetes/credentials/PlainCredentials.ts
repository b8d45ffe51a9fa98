/**
 * An API server that asks for no proof: `kubectl proxy`, the demo's embedded server, a test's scripted one.
 * Not for a cluster.
 */
import { Effect, Layer } from "effect"
import { KubernetesCredentials } from "../../../services/kubernetes/KubernetesCredentials.ts"

/** No headers, no TLS material. `server` is a base URL such as `http://127.0.0.1:8001`. */
export const layer = (options: { readonly server: string }): Layer.Layer<KubernetesCredentials> =>
  Layer.succeed(KubernetesCredentials, {
    server: options.server.replace(/\/+$/, ""),
    headers: () => Effect.succeed({}),
    tls: Effect.succeed({})
  })
