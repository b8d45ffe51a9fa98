/** Where the spans of a change at the API server belong: below its own, or in a trace of their own if it has none. */
import { Effect, Option, Tracer } from "effect"
import type { WatchedChange } from "../services/kubernetes/KubernetesApi.ts"

/** Options of a span. */
export const parentOf = (cause: WatchedChange | undefined) =>
  cause === undefined ? {} : { parent: Option.getOrUndefined(cause.span) }

/** Spans that begin in the effect are of the change's trace. */
export const withinTraceOf =
  (cause: WatchedChange | undefined) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    cause === undefined || Option.isNone(cause.span)
      ? effect
      : Effect.provideService(effect, Tracer.ParentSpan, cause.span.value)
