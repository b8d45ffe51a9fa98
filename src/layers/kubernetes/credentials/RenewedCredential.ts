/**
 * A credential that somebody has to be asked for, as an exec plug-in is. Kept until it ends or was refused; who needs it
 * while it is being asked for gets the same one. Asking is the caller's effect.
 */
import { Clock, Effect, SynchronizedRef } from "effect"
import type { KubernetesCredentialsError } from "../../../services/kubernetes/KubernetesCredentials.ts"

export interface Credential {
  readonly token?: string
  /** PEM text; the two come together. */
  readonly cert?: string
  readonly key?: string
  /** Wall-clock time, because that is what the issuer tells. */
  readonly expiresAtMillis?: number
}

interface Held {
  readonly credential: Credential
  readonly untilNanos: bigint | undefined
}

/** By a wrong clock a new credential may be over already; the issuer is not asked for each request then. */
const shortestLifeNanos = 10_000_000_000n

/** `renew` asks anew although there is one: it was refused. */
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

/** Its end on the monotonic clock: the wall clock may be set in between. */
const holding = Effect.fnUntraced(function*(credential: Credential): Effect.fn.Return<Held> {
  if (credential.expiresAtMillis === undefined) return { credential, untilNanos: undefined }
  const leftMillis = credential.expiresAtMillis - (yield* Clock.currentTimeMillis)
  const leftNanos = BigInt(Math.ceil(leftMillis)) * 1_000_000n
  const now = yield* Clock.monotonicTimeNanos
  return { credential, untilNanos: now + (leftNanos > shortestLifeNanos ? leftNanos : shortestLifeNanos) }
})
