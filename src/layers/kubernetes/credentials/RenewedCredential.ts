/**
 * A credential that somebody has to be asked for: an exec plug-in, an OpenID provider. Kept until it ends or was
 * refused; who needs it while it is being asked for gets the same one. Asking is the caller's effect.
 */
import { Clock, Effect, Semaphore } from "effect"
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

/** `renew` asks anew although there is one: it was refused. `first` counts until then. */
export const makeRenewedCredential = Effect.fnUntraced(function*(
  obtain: Effect.Effect<Credential, KubernetesCredentialsError>,
  first?: Credential
) {
  const oneAtATime = Semaphore.makeUnsafe(1)
  let held = first === undefined ? undefined : yield* holding(first, 0n)

  return Effect.fnUntraced(function*(renew: boolean) {
    const refused = renew ? held : undefined
    return yield* oneAtATime.withPermits(1)(Effect.gen(function*() {
      const now = yield* Clock.monotonicTimeNanos
      const isOver = held?.untilNanos !== undefined && now >= held.untilNanos
      if (held !== undefined && !isOver && held !== refused) return held.credential
      const credential = yield* obtain
      held = yield* holding(credential, shortestLifeNanos)
      return credential
    }))
  })
})

/** Its end on the monotonic clock: the wall clock may be set in between. */
const holding = Effect.fnUntraced(function*(credential: Credential, atLeastNanos: bigint) {
  if (credential.expiresAtMillis === undefined) return { credential, untilNanos: undefined } satisfies Held
  const leftMillis = credential.expiresAtMillis - (yield* Clock.currentTimeMillis)
  const leftNanos = BigInt(Math.ceil(leftMillis)) * 1_000_000n
  const now = yield* Clock.monotonicTimeNanos
  return { credential, untilNanos: now + (leftNanos > atLeastNanos ? leftNanos : atLeastNanos) } satisfies Held
})
