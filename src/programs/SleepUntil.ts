/** Waits for a time of the monotonic clock. */
import { Clock, Duration, Effect } from "effect"

/** Timers have milliseconds and may be early by one: who looks too early may never look again. */
export const sleepUntil = Effect.fnUntraced(function*(monotonicNanos: bigint) {
  while (true) {
    const left = monotonicNanos - (yield* Clock.monotonicTimeNanos)
    if (left <= 0n) return
    yield* Effect.sleep(Duration.millis(Math.ceil(Number(left) / 1e6)))
  }
})
