/**
 * Where spans belong that follow from a change at the API server: below the root span of that change, or in a trace of
 * their own if it has none.
 */
import { Effect, Option, Tracer } from "effect"
import type { WatchedChange } from "../services/kubernetes/KubernetesApi.ts"

/** The options for such a span. */
export const parentOf = (cause: WatchedChange | undefined) =>
  cause === undefined ? {} : { parent: Option.getOrUndefined(cause.span) }

/** Spans that begin inside of the effect belong to the trace of the change. */
export const withinTraceOf =
  (cause: WatchedChange | undefined) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    cause === undefined || Option.isNone(cause.span)
      ? effect
      : Effect.provideService(effect, Tracer.ParentSpan, cause.span.value)
