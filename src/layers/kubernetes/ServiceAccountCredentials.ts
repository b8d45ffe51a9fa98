/**
 * Credentials of a pod: the files that the kubelet projects from the service account, and the API server's address
 * from the environment. The kubelet rotates the token about once an hour; the file is the only truth.
 * Kubernetes documentation, "Accessing the Kubernetes API from a Pod".
 */
import { Clock, Config, Effect, FileSystem, Layer, Ref } from "effect"
import { KubernetesCredentials, KubernetesCredentialsError } from "../../services/kubernetes/KubernetesCredentials.ts"

interface Token {
  readonly text: string
  readonly readAtNanos: bigint
}

// client-go reads it as often (rest/token_source.go). Monotonic: a clock step must neither hold an old token nor
// read the file for each request.
const tokenAgeNanos = 60_000_000_000n

const defaultDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

/** Fails to build outside of a pod: without KUBERNETES_SERVICE_HOST. Files that are missing fail each request instead. */
export const layer = (
  options: { readonly directory?: string } = {}
): Layer.Layer<KubernetesCredentials, Config.ConfigError, FileSystem.FileSystem> =>
  Layer.effect(
    KubernetesCredentials,
    Effect.gen(function*() {
      const fileSystem = yield* FileSystem.FileSystem
      const host = yield* Config.String("KUBERNETES_SERVICE_HOST")
      const port = yield* Config.Port("KUBERNETES_SERVICE_PORT").pipe(Config.withDefault(443))
      const directory = options.directory ?? defaultDirectory
      const token = yield* Ref.make<Token | undefined>(undefined)

      const read = (file: string) =>
        fileSystem.readFileString(`${directory}/${file}`).pipe(
          Effect.mapError((cause) => new KubernetesCredentialsError({ source: `${directory}/${file}`, cause }))
        )

      const headers = Effect.fnUntraced(function*({ renew }: { readonly renew: boolean }) {
        const now = yield* Clock.monotonicTimeNanos
        const known = yield* Ref.get(token)
        if (known !== undefined && !renew && now - known.readAtNanos < tokenAgeNanos) return bearer(known.text)
        // A line feed at the end, as an editor leaves it, is not part of a header.
        const text = (yield* read("token")).trim()
        yield* Ref.set(token, { text, readAtNanos: now })
        return bearer(text)
      })

      return {
        server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
        headers,
        tls: Effect.map(read("ca.crt"), (ca) => ({ ca }))
      }
    })
  )

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
