/**
 * Keeps a credential that is expensive to get, such as one of an exec plug-in, until it expires or is refused. Callers
 * that need it while it is being fetched all get the same one. The caller provides the effect that fetches it.
 */
import { Clock, Effect, SynchronizedRef } from "effect"
import type { KubernetesCredentialsError } from "../../../services/kubernetes/KubernetesCredentials.ts"

export interface Credential {
  readonly token?: string
  /** PEM text. Certificate and key come together. */
  readonly cert?: string
  readonly key?: string
  /** Wall-clock time, because the issuer gives it that way. */
  readonly expiresAtMillis?: number
}

interface Held {
  readonly credential: Credential
  readonly untilNanos: bigint | undefined
}

/**
 * With a wrong clock a new credential may seem expired at once. It is kept at least this long, so that the issuer is
 * not asked for each request.
 */
const shortestLifeNanos = 10_000_000_000n

/** With `renew` a new credential is fetched although there is one, because that one was refused. */
export const makeRenewedCredential = Effect.fnUntraced(function*(
  obtain: Effect.Effect<Credential, KubernetesCredentialsError>
) {
  const held = yield* SynchronizedRef.make<Held | undefined>(undefined)

  return Effect.fnUntraced(function*(renew: boolean) {
    const refused = renew ? yield* SynchronizedRef.get(held) : undefined
    return yield* SynchronizedRef.modifyEffect(
      held,
      Effect.fnUntraced(function*(known) {
        const now = yield* Clock.monotonicTimeNanos
        const isOver = known?.untilNanos !== undefined && now >= known.untilNanos
        if (known !== undefined && !isOver && known !== refused) return [known.credential, known] as const
        const next = yield* holding(yield* obtain)
        return [next.credential, next] as const
      })
    )
  })
})

/** The expiry is converted to monotonic time, because the wall clock may be set in between. */
const holding = Effect.fnUntraced(function*(credential: Credential): Effect.fn.Return<Held> {
  if (credential.expiresAtMillis === undefined) return { credential, untilNanos: undefined }
  const leftMillis = credential.expiresAtMillis - (yield* Clock.currentTimeMillis)
  const leftNanos = BigInt(Math.ceil(leftMillis)) * 1_000_000n
  const now = yield* Clock.monotonicTimeNanos
  return { credential, untilNanos: now + (leftNanos > shortestLifeNanos ? leftNanos : shortestLifeNanos) }
})
