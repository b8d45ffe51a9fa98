/** A bound on questions that are answered by a short-lived child: nobody may wait for it longer than it is worth. */
import { Duration, Effect, Fiber, Option } from "effect"

/** Programs answer such a question in some 5 ms; a disk or driver that does not answer must not hold up a change. */
const patience = Duration.seconds(2)
/** What SIGKILL does not end by then, the kernel holds. */
const killPatience = Duration.seconds(1)

/** `None` after 2 s. Detached: a child in D state would hold up whoever ends the scope that it is in. */
export const withinReason = <A, R>(ask: Effect.Effect<Option.Option<A>, never, R>): Effect.Effect<
  Option.Option<A>,
  never,
  R
> =>
  Effect.acquireUseRelease(
    Effect.forkDetach(ask, { startImmediately: true }),
    (asking) => Fiber.join(asking).pipe(Effect.timeoutOption(patience), Effect.map(Option.flatten)),
    (asking) => Fiber.interrupt(asking).pipe(Effect.timeoutOption(killPatience))
  )
