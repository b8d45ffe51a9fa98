/**
 * The daemon's health: whether it has reconciled once, whether an apply hangs, and whether a watch receives nothing.
 */
import { Clock, Duration, Effect, Layer, Option, Ref, SubscriptionRef } from "effect"
import { Health } from "../services/Health.ts"
import { KubernetesApi } from "../services/kubernetes/KubernetesApi.ts"
import { NodeState } from "./NodeState.ts"

/** Longer than any stop may take, so that the daemon is restarted only if its supervisor hangs. */
const longestStep = Duration.seconds(60)
/** Longer than the 90 s after which a watch closes a silent connection: then its next connection was silent too. */
const deafAfter = Duration.seconds(100)

export const layer: Layer.Layer<Health, never, NodeState | KubernetesApi> = Layer.effect(
  Health,
  Effect.gen(function*() {
    const api = yield* KubernetesApi
    const { applyingSince, reconciliation } = yield* NodeState

    const stuck = Effect.gen(function*() {
      const { decidingSince } = yield* SubscriptionRef.get(reconciliation)
      const steps = [["an apply", yield* Ref.get(applyingSince)], ["a decision", decidingSince]] as const
      const now = yield* Clock.monotonicTimeNanos
      return steps.flatMap(([what, since]) => {
        const lasts = Duration.nanos(since === undefined ? 0n : now - since)
        return Duration.isGreaterThan(lasts, longestStep) ? [`${what} has been under way for ${seconds(lasts)} s`] : []
      })
    })

    const notReady = Effect.gen(function*() {
      const { decision, isFromDisk, linuxptpMissing } = yield* SubscriptionRef.get(reconciliation)
      const watches = yield* api.watches
      const deaf = watches.filter(({ age }) => Duration.isGreaterThan(age, deafAfter))
      return [
        ...(linuxptpMissing ? ["linuxptp is not installed, or its version cannot be read"] : []),
        ...(Option.isNone(decision) ? ["the configuration has not been read yet"] : []),
        ...(isFromDisk
          ? ["the API server has not told of both NodePTPCfgs and this Node yet: what worked last runs"]
          : []),
        ...deaf.map(({ age, resource }) => `the watch on ${resource} has heard nothing for ${seconds(age)} s`)
      ]
    })
    return { stuck, notReady }
  })
)

const seconds = (duration: Duration.Duration): number => Math.round(Duration.toSeconds(duration))
