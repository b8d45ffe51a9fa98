/**
 * Credentials of a pod: the files that the kubelet projects from the service account, and the API server's address
 * from the environment. The kubelet rotates the token about once an hour; the file is the only truth, but what it said
 * last is used while it is away or half written. Kubernetes documentation, "Accessing the Kubernetes API from a Pod".
 */
import { Clock, Config, Effect, FileSystem, Layer, Ref } from "effect"
import { KubernetesCredentials, KubernetesCredentialsError } from "../../services/kubernetes/KubernetesCredentials.ts"

interface FileText {
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
      const host = yield* Config.String("KUBERNETES_SERVICE_HOST")
      const port = yield* Config.Port("KUBERNETES_SERVICE_PORT").pipe(Config.withDefault(443))
      const directory = options.directory ?? defaultDirectory
      const token = yield* makeProjectedFile(`${directory}/token`, isToken, "it is empty, or not one word of ASCII")
      const authorities = yield* makeProjectedFile(`${directory}/ca.crt`, isPem, "it has no whole certificate")
      return {
        server: `https://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`,
        headers: ({ renew }) =>
          Effect.map(token.text(renew ? 0n : tokenAgeNanos), (text) => ({ authorization: `Bearer ${text}` })),
        tls: Effect.map(authorities.text(0n), (ca) => ({ ca }))
      }
    })
  )

/** Anything else would end or forge the header line (RFC 6750 2.1, b64token and more). */
const isToken = (text: string): boolean => /^[\x21-\x7e]{1,65536}$/.test(text)

/** Without any certificate node would fall back on the system's authorities. */
const isPem = (text: string): boolean => {
  const begun = text.split("-----BEGIN CERTIFICATE-----").length
  return begun > 1 && begun === text.split("-----END CERTIFICATE-----").length
}

/** A file whose text is kept: read again when it is older than asked for, and told once when it cannot be. */
const makeProjectedFile = Effect.fnUntraced(
  function*(path: string, isGood: (text: string) => boolean, problem: string) {
    const fileSystem = yield* FileSystem.FileSystem
    const lastGood = yield* Ref.make<FileText | undefined>(undefined)
    const isTold = yield* Ref.make(false)

    const read = Effect.gen(function*() {
      // A line feed at the end, as an editor leaves it, is not part of a header.
      const text = (yield* fileSystem.readFileString(path)).trim()
      return isGood(text) ? text : yield* Effect.fail(problem)
    }).pipe(Effect.mapError((cause) => new KubernetesCredentialsError({ source: path, cause })))

    const tell = (error: KubernetesCredentialsError) =>
      Effect.when(
        Effect.logWarning("credentials cannot be read, the last ones are used").pipe(
          Effect.annotateLogs({ error: error.message })
        ),
        Effect.map(Ref.getAndSet(isTold, true), (before) => !before)
      )

    const text = Effect.fnUntraced(function*(ageNanos: bigint) {
      const now = yield* Clock.monotonicTimeNanos
      const known = yield* Ref.get(lastGood)
      if (known !== undefined && now - known.readAtNanos < ageNanos) return known.text
      return yield* read.pipe(
        Effect.tap((fresh) =>
          Effect.andThen(Ref.set(lastGood, { text: fresh, readAtNanos: now }), Ref.set(isTold, false))
        ),
        // It is looked for again with the next request.
        Effect.catch((error) => known === undefined ? Effect.fail(error) : Effect.as(tell(error), known.text))
      )
    })
    return { text }
  }
)
