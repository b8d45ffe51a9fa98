/**
 * Saves the newest configuration that worked to disk, for the next start of the daemon. A failure changes nothing that
 * runs: it is logged and tried again.
 */
import { Duration, Effect, Equal, Option, Schedule, Stream, SubscriptionRef } from "effect"
import { type KnownGood, LastKnownGood } from "../services/profiles/LastKnownGood.ts"
import { Settings } from "../services/Settings.ts"
import { NodeState } from "./NodeState.ts"

/** A full disk stays full for a while, and each failure writes a line to the log. */
const retryPeriod = Duration.minutes(1)

/** The configuration that worked when the daemon ran last. A file of another node is ignored. */
export const load = Effect.gen(function*() {
  const store = yield* LastKnownGood
  const { nodeName } = yield* Settings
  const loaded = yield* store.load
  const own = Option.filter(loaded, ({ node }: KnownGood) => node.name === nodeName)
  const { decision } = yield* Effect.flatMap(NodeState, ({ reconciliation }) => SubscriptionRef.get(reconciliation))
  // The API server may have answered while the disk was late.
  if (Option.isNone(decision) && Option.exists(own, ({ memory }) => memory.objects.length > 0)) {
    yield* Effect.logInfo("running the last configuration that worked until the API server answers")
  }
  return own
})

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
        // A schedule without an end cannot fail.
        Effect.orDie,
        Stream.fromEffectDrain
      )
    ),
    Stream.runDrain
  )
})
