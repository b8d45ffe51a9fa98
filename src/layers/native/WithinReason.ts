/** A time limit for questions that are answered by a short-lived child process. */
import { Duration, Effect, Fiber, Option } from "effect"

/**
 * Such programs answer in some 5 ms. A disk or driver that does not answer must not delay a change of the
 * configuration.
 */
const patience = Duration.seconds(2)
/** If SIGKILL does not end the child within this time, the kernel holds it. */
const killPatience = Duration.seconds(1)

/**
 * `None` after 2 s. The question runs detached, because a child in D state would block the end of any scope that it is
 * in.
 */
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
