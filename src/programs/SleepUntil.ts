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

/** A sleep that ends this much too late shows that the daemon itself was stopped. */
const lateness = 1_000_000_000n
/** Enough to take in what was said meanwhile. */
const catchUp = Duration.seconds(2)

/**
 * The same for what ends a lock: a daemon that was stopped has heard nothing, which says nothing about the clocks. So it
 * listens first.
 */
export const patientSleepUntil = Effect.fnUntraced(function*(time: bigint) {
  yield* sleepUntil(time)
  if ((yield* Clock.monotonicTimeNanos) - time > lateness) yield* Effect.sleep(catchUp)
})
