/**
 * Something that is read from files and kept: read again when it is older than asked for. What it was last counts
 * while it cannot be read, because rotations leave files missing or half written for a moment.
 */
import { Clock, Effect, FileSystem, Ref } from "effect"
import { KubernetesCredentialsError } from "../../../services/kubernetes/KubernetesCredentials.ts"

// client-go reads it as often (rest/token_source.go). Monotonic: a clock step must neither hold an old token nor
// read the file for each request.
export const tokenAgeNanos = 60_000_000_000n

/** Age zero reads in any case. It fails only when there never was a good one. */
export type LastGood<A> = (ageNanos: bigint) => Effect.Effect<A, KubernetesCredentialsError>

export const makeLastGood = Effect.fnUntraced(function*<A>(
  read: Effect.Effect<A, KubernetesCredentialsError>
): Effect.fn.Return<LastGood<A>> {
  const lastGood = yield* Ref.make<{ readonly value: A; readonly readAtNanos: bigint } | undefined>(undefined)
  const isTold = yield* Ref.make(false)

  // Once for each time that it lasts, not for each request.
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
      // It is looked for again with the next request.
      Effect.catch((error) => known === undefined ? Effect.fail(error) : Effect.as(tell(error), known.value))
    )
  })
})

/** A file's text without blanks around it, if that is what it should be. */
export const makeCredentialFile = Effect.fnUntraced(
  function*(path: string, isGood: (text: string) => boolean, problem: string) {
    const fileSystem = yield* FileSystem.FileSystem
    return yield* makeLastGood(
      fileSystem.readFileString(path).pipe(
        // A line feed at the end, as an editor leaves it, is not part of a header.
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

/** What a header line can hold, and no more (RFC 6750 2.1 allows less). */
export const isToken = (text: string): boolean => /^[\x21-\x7e]{1,65536}$/.test(text)
