/**
 * How long each watch has received nothing. HttpKubernetesApi registers its watches here; `/readyz` and a metric read
 * the ages.
 */
import { Clock, Duration, Effect, type Scope } from "effect"
import type { WatchAge } from "../../../services/kubernetes/KubernetesApi.ts"

export interface WatchAges {
  /** Registers a watch for the lifetime of the scope. The result must be run whenever the server has sent something. */
  readonly enter: (resource: string) => Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
  /** All open watches. If a watch has never received anything, its age counts from its start. */
  readonly ages: Effect.Effect<ReadonlyArray<WatchAge>>
}

/** A register without watches. */
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
