/**
 * Keeps the newest configuration that worked on disk, where the next start of the daemon finds it. Failing to do so
 * changes nothing that runs: it is told, and tried again.
 */
import { Duration, Effect, Equal, Option, Schedule, Stream, SubscriptionRef } from "effect"
import { LastKnownGood } from "../services/profiles/LastKnownGood.ts"
import { NodeState } from "./NodeState.ts"

/** A full disk does not become empty in between, and each failure is a line in the log. */
const retryPeriod = Duration.minutes(1)

/** Never ends by itself. */
export const run = Effect.gen(function*() {
  const store = yield* LastKnownGood
  const { reconciliation } = yield* NodeState
  return yield* SubscriptionRef.changes(reconciliation).pipe(
    Stream.map(({ knownGood }) => knownGood),
    Stream.changesWith((a, b) => a === b || Equal.equals(a, b)),
    Stream.flatMap((knownGood) => Stream.fromIterable(Option.toArray(knownGood))),
    Stream.switchMap((knownGood) =>
      store.save(knownGood).pipe(
        Effect.tapError((error) =>
          Effect.logWarning("last configuration that worked not kept").pipe(
            Effect.annotateLogs({ error: error.message })
          )
        ),
        Effect.retry(Schedule.spaced(retryPeriod)),
        // An endless schedule can't fail.
        Effect.orDie,
        Stream.fromEffectDrain
      )
    ),
    Stream.runDrain
  )
})
