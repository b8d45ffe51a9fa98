/**
 * How long each watch has heard nothing. HttpKubernetesApi enters its watches here; readiness and a metric read them.
 */
import { Clock, Duration, Effect, type Scope } from "effect"
import type { WatchAge } from "../../../services/kubernetes/KubernetesApi.ts"

export interface WatchAges {
  /** Enters a watch for as long as the scope lives; the result is to be run when the server said something. */
  readonly enter: (resource: string) => Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
  /** All watches under way. One that never heard anything is as old as itself. */
  readonly ages: Effect.Effect<ReadonlyArray<WatchAge>>
}

/** An empty register. */
export const makeWatchAges = (): WatchAges => {
  const watches = new Set<{ readonly resource: string; heardAtNanos: bigint }>()
  return {
    enter: Effect.fnUntraced(function*(resource) {
      const watch = { resource, heardAtNanos: yield* Clock.monotonicTimeNanos }
      watches.add(watch)
      yield* Effect.addFinalizer(() => Effect.sync(() => watches.delete(watch)))
      return Effect.map(Clock.monotonicTimeNanos, (now) => {
        watch.heardAtNanos = now
      })
    }),
    ages: Effect.map(
      Clock.monotonicTimeNanos,
      (now) =>
        Array.from(watches, ({ heardAtNanos, resource }) => ({ resource, age: Duration.nanos(now - heardAtNanos) }))
    )
  }
}
