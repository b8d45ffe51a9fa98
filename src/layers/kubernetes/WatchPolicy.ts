/**
 * What a list-and-watch does next: a pure function (plan, outcome) -> plan, in the manner of a protocol's state machine.
 * ListWatch carries the plans out. The delays are client-go's (tools/cache/reflector.go): 0.8 s doubled to 30 s,
 * back to the start after 2 min of good health; but with full jitter, so that a whole cluster spreads its return.
 */
import type { KubernetesApiError } from "../../services/kubernetes/KubernetesApi.ts"

/**
 * One request to make. A LIST from `0` may be answered from the server's cache; from the empty version it must be the
 * newest there is. A WATCH resumes after the version, which is opaque and never compared.
 */
type WatchStep =
  | { readonly _tag: "List"; readonly resourceVersion: "0" | "" }
  | { readonly _tag: "Watch"; readonly resourceVersion: string }

/** How a step came out. Times are in milliseconds of the monotonic clock. */
export type WatchOutcome =
  | { readonly _tag: "Listed"; readonly resourceVersion: string }
  | {
    readonly _tag: "Ended"
    /** The last version seen on the watch. */
    readonly resourceVersion: string
    readonly healthyMillis: number
    /** Events the server sent, bookmarks too. */
    readonly events: number
  }
  | {
    readonly _tag: "Failed"
    readonly error: KubernetesApiError
    /** The last version seen; undefined when a LIST failed. */
    readonly resourceVersion: string | undefined
    readonly healthyMillis: number
  }

/** The next step, after a wait. `failures` in a row and the health since the last one decide the next wait. */
export interface WatchPlan {
  readonly step: WatchStep
  readonly delayMillis: number
  readonly failures: number
  readonly healthyMillis: number
}

/** A cached LIST, at once. */
export const firstPlan: WatchPlan = {
  step: { _tag: "List", resourceVersion: "0" },
  delayMillis: 0,
  failures: 0,
  healthyMillis: 0
}

const firstBackOffMillis = 800
const longestBackOffMillis = 30_000
const goodHealthMillis = 120_000
/** A server that asks for more is asked again all the same: a deaf watch is worse than one more request. */
const longestRetryAfterMillis = 60_000
const abruptEndMillis = 1_000

/** The plan after an outcome. `random` is in [0, 1): the share of the back-off that is waited. */
export const nextPlan = (plan: WatchPlan, outcome: WatchOutcome, random: number): WatchPlan => {
  switch (outcome._tag) {
    case "Listed":
      return { ...plan, step: { _tag: "Watch", resourceVersion: outcome.resourceVersion }, delayMillis: 0 }
    case "Ended": {
      const step: WatchStep = { _tag: "Watch", resourceVersion: outcome.resourceVersion }
      // A proxy that closes each watch as it opens would otherwise be asked thousands of times a second.
      if (outcome.events === 0 && outcome.healthyMillis < abruptEndMillis) {
        return backOff(plan, step, outcome.healthyMillis, random, 0)
      }
      const healthyMillis = plan.healthyMillis + outcome.healthyMillis
      return { step, delayMillis: 0, failures: healthyMillis >= goodHealthMillis ? 0 : plan.failures, healthyMillis }
    }
    case "Failed": {
      const retryAfterMillis = Math.min((outcome.error.retryAfterSeconds ?? 0) * 1000, longestRetryAfterMillis)
      return backOff(plan, stepAfterFailure(plan.step, outcome), outcome.healthyMillis, random, retryAfterMillis)
    }
  }
}

const backOff = (
  plan: WatchPlan,
  step: WatchStep,
  healthyMillis: number,
  random: number,
  atLeastMillis: number
): WatchPlan => {
  const earlier = plan.healthyMillis + healthyMillis >= goodHealthMillis ? 0 : plan.failures
  // The exponent is bounded too: 2 ** failures of a week without API would be Infinity.
  const bound = Math.min(firstBackOffMillis * 2 ** Math.min(earlier, 10), longestBackOffMillis)
  return { step, delayMillis: atLeastMillis + random * bound, failures: earlier + 1, healthyMillis: 0 }
}

const stepAfterFailure = (
  step: WatchStep,
  outcome: { readonly error: KubernetesApiError; readonly resourceVersion: string | undefined }
): WatchStep => {
  // 410 says that the history is gone (Kubernetes API concepts, "410 Gone"). A server that calls the version invalid,
  // or times out because it has not reached it (504, after a restore of etcd), will never serve it either.
  if (outcome.error.reason === "Gone" || outcome.error.reason === "Invalid" || outcome.error.status === 504) {
    return { _tag: "List", resourceVersion: "" }
  }
  if (step._tag === "List" || outcome.resourceVersion === undefined) return step
  // The kind itself is gone (its CRD was deleted): what comes back later has another history.
  if (outcome.error.reason === "NotFound") return { _tag: "List", resourceVersion: "0" }
  return { _tag: "Watch", resourceVersion: outcome.resourceVersion }
}
