/** The time of tests that have virtual time and real sockets. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"

/** Time passes, and the network gets its turn in between. */
export const timePasses = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void))).pipe(
  Effect.andThen(TestClock.adjust("10 millis")),
  Effect.forever
)
