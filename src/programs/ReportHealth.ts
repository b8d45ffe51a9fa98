/** Health from what the programs know: the first reconcile, an apply that hangs, and watches that hear nothing. */
import { Clock, Duration, Effect, Layer, Option, SubscriptionRef } from "effect"
import { Health } from "../services/Health.ts"
import { KubernetesApi } from "../services/kubernetes/KubernetesApi.ts"
import { NodeState } from "./NodeState.ts"

/** Longer than any stop may take, so that only a supervisor that hangs is restarted for it. */
const longestStep = Duration.seconds(60)
/** Later than the watch itself gives a silent connection up (90 s): the one after it was no better. */
const deafAfter = Duration.seconds(100)

export const layer: Layer.Layer<Health, never, NodeState | KubernetesApi> = Layer.effect(
  Health,
  Effect.gen(function*() {
    const api = yield* KubernetesApi
    const { reconciliation } = yield* NodeState

    const stuck = Effect.gen(function*() {
      const { applyingSince, decidingSince } = yield* SubscriptionRef.get(reconciliation)
      const now = yield* Clock.monotonicTimeNanos
      return ([["an apply", applyingSince], ["a decision", decidingSince]] as const).flatMap(([what, since]) => {
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
