/**
 * Takes events and has them written in the background (`events.k8s.io/v1`), so that a slow API server never delays the
 * caller. HttpKubernetesApi has one; EventWriter makes the requests.
 */
import { DateTime, Duration, Effect, Option, Queue } from "effect"
import type { NodeEvent } from "../../../services/kubernetes/KubernetesApi.ts"
import type { ApiConnection } from "../requests/ApiConnection.ts"
import { type EventSource, makeEventWriter, monotonicMillis, type Recorded } from "./EventWriter.ts"

const mostWaiting = 64

/** Starts the writer for the lifetime of the scope. Returns a function that takes an event and never waits. */
export const makeEventRecorder = Effect.fnUntraced(function*(connection: ApiConnection, source: EventSource) {
  // Events beyond this limit would be dropped by the token bucket anyway.
  const waiting = yield* Queue.dropping<Recorded>(mostWaiting)
  const writer = yield* makeEventWriter(connection, source)

  const untilEventOrHeldBack = Effect.gen(function*() {
    const dueMillis = yield* writer.nextWriteMillis
    // The event is only looked at here. If it were taken, and the time limit came first, it could be lost.
    const event = Queue.peek(waiting)
    if (dueMillis === undefined) return yield* Effect.asVoid(event)
    const left = Duration.millis(Math.max(0, dueMillis - (yield* monotonicMillis)))
    yield* Effect.timeoutOption(event, left)
  })

  yield* untilEventOrHeldBack.pipe(
    Effect.andThen(writer.writeHeldBack),
    Effect.andThen(Queue.poll(waiting)),
    Effect.flatMap(Option.match({ onNone: () => Effect.void, onSome: writer.write })),
    Effect.forever,
    Effect.forkScoped
  )
  return (event: NodeEvent): Effect.Effect<void> =>
    Effect.flatMap(DateTime.now, (at) => Effect.asVoid(Queue.offer(waiting, { event, at })))
})
