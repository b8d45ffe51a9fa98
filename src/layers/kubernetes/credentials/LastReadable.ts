/**
 * A value that is read from files and kept. It is read again when it is older than the caller allows. While it cannot
 * be read, the last good value is used, because a rotation may leave files missing or half written for a moment.
 */
import { Clock, Effect, FileSystem, Ref } from "effect"
import { KubernetesCredentialsError } from "../../../services/kubernetes/KubernetesCredentials.ts"

// The same age as in client-go (rest/token_source.go). Measured by monotonic time: a step of the clock must neither
// keep an old token nor cause a read for each request.
export const tokenAgeNanos = 60_000_000_000n

/** With age zero it is always read. It fails only if there has never been a good value. */
export type LastReadable<A> = (ageNanos: bigint) => Effect.Effect<A, KubernetesCredentialsError>

export const makeLastReadable = Effect.fnUntraced(function*<A>(
  read: Effect.Effect<A, KubernetesCredentialsError>
): Effect.fn.Return<LastReadable<A>> {
  const lastGood = yield* Ref.make<{ readonly value: A; readonly readAtNanos: bigint } | undefined>(undefined)
  const isTold = yield* Ref.make(false)

  // Logged once per disturbance, not for each request.
  const tell = (error: KubernetesCredentialsError) =>
    Effect.when(
      Effect.logWarning("credentials cannot be read, the last ones are used").pipe(
        Effect.annotateLogs({ error: error.message })
      ),
      Effect.map(Ref.getAndSet(isTold, true), (before) => !before)
    )

  return Effect.fnUntraced(function*(ageNanos) {
    const now = yield* Clock.monotonicTimeNanos
    const known = yield* Ref.get(lastGood)
    if (known !== undefined && now - known.readAtNanos < ageNanos) return known.value
    return yield* read.pipe(
      Effect.tap((value) => Effect.andThen(Ref.set(lastGood, { value, readAtNanos: now }), Ref.set(isTold, false))),
      // The next request tries to read it again.
      Effect.catch((error) => known === undefined ? Effect.fail(error) : Effect.as(tell(error), known.value))
    )
  })
})

/** The text of a file without blanks around it, if it passes the check. */
export const makeCredentialFile = Effect.fnUntraced(
  function*(path: string, isGood: (text: string) => boolean, problem: string) {
    const fileSystem = yield* FileSystem.FileSystem
    return yield* makeLastReadable(
      fileSystem.readFileString(path).pipe(
        // Editors leave a line feed at the end, which must not become part of a header.
        Effect.map((text) => text.trim()),
        Effect.filterOrFail(isGood, () => problem),
        Effect.mapError((cause) => new KubernetesCredentialsError({ source: path, cause }))
      )
    )
  }
)

/** A file that holds one bearer token. */
export const makeTokenFile = (path: string) =>
  makeCredentialFile(path, isToken, "it is empty, or not one word of ASCII")

/** The characters that a header line can contain (RFC 6750 2.1 allows fewer). */
export const isToken = (text: string): boolean => /^[\x21-\x7e]{1,65536}$/.test(text)
