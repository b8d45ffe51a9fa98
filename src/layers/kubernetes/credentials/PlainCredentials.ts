/**
 * For an API server that needs no credentials: `kubectl proxy`, the demo's embedded server, a server in a test. Not for
 * a real cluster.
 */
import { Effect, Layer } from "effect"
import { KubernetesCredentials } from "../../../services/kubernetes/KubernetesCredentials.ts"

/** No headers and no TLS settings. `server` is a base URL such as `http://127.0.0.1:8001`. */
export const layer = (options: { readonly server: string }): Layer.Layer<KubernetesCredentials> =>
  Layer.succeed(KubernetesCredentials, {
    server: options.server.replace(/\/+$/, ""),
    headers: () => Effect.succeed({}),
    tls: Effect.succeed({})
  })
