/** Sleeps until a time of the monotonic clock. */
import { Clock, Duration, Effect } from "effect"

/** Timers count milliseconds and may fire one too early. The caller looks only once, so that would be too early. */
export const sleepUntil = Effect.fnUntraced(function*(monotonicNanos: bigint) {
  while (true) {
    const left = monotonicNanos - (yield* Clock.monotonicTimeNanos)
    if (left <= 0n) return
    yield* Effect.sleep(Duration.millis(Math.ceil(Number(left) / 1e6)))
  }
})
