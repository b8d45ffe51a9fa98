/** A token bucket on monotonic time: so many at once, then one per period. For writes that others must be spared. */
import { Clock, Duration, Effect } from "effect"

export interface TokenBucket {
  /** Takes one token, and waits for it when there is none. */
  readonly take: Effect.Effect<void>
  /** Returns a token that was taken and not needed; who waits already still waits its time. */
  readonly giveBack: Effect.Effect<void>
}

/** A full bucket of `burst` tokens, to which `refill` adds one each time it passes. */
export const makeTokenBucket = Effect.fnUntraced(function*(options: {
  readonly burst: number
  readonly refill: Duration.Duration
}) {
  const refillNanos = Number(Duration.toNanosUnsafe(options.refill))
  let tokens = options.burst
  let updated = Number(yield* Clock.monotonicTimeNanos)
  const take = Effect.gen(function*() {
    const now = Number(yield* Clock.monotonicTimeNanos)
    tokens = Math.min(options.burst, tokens + (now - updated) / refillNanos) - 1
    updated = now
    // A debt: who comes next waits behind this one.
    if (tokens < 0) yield* Effect.sleep(Duration.nanos(BigInt(Math.round(-tokens * refillNanos))))
  })
  const giveBack = Effect.sync(() => {
    tokens = Math.min(options.burst, tokens + 1)
  })
  return { take, giveBack } satisfies TokenBucket
})
