/**
 * What a list-and-watch does next: a pure function (plan, outcome) -> plan, in the manner of a protocol's state machine.
 * ListWatch carries the plans out. The delays are client-go's (tools/cache/reflector.go): 0.8 s doubled to 30 s,
 * back to the start after 2 min of good health; but with full jitter, so that a whole cluster spreads its return.
 */
import type { KubernetesApiError } from "../../services/kubernetes/KubernetesApi.ts"

/**
 * One request to make. A LIST from `0` may be answered from the server's cache; from the empty version it must be the
 * newest there is. A streaming list is that newest set and the watch after it in one answer (KEP-3157). A WATCH resumes
 * after the version, which is opaque and never compared.
 */
type WatchStep =
  | { readonly _tag: "List"; readonly resourceVersion: "0" | "" }
  | { readonly _tag: "StreamList" }
  | { readonly _tag: "Watch"; readonly resourceVersion: string }

/** What a watch has reached: the last version it saw, and one before it after which nothing happened either. */
export interface WatchReach {
  readonly resourceVersion: string
  readonly versionBefore: string
}

/**
 * How a step came out. Times are in milliseconds of the monotonic clock. A mute watch was accepted and then said nothing
 * at all, not even a bookmark, until it ended or was given up for its silence.
 */
export type WatchOutcome =
  | { readonly _tag: "Listed"; readonly resourceVersion: string }
  | { readonly _tag: "Ended"; readonly reach: WatchReach; readonly healthyMillis: number; readonly isMute: boolean }
  | {
    readonly _tag: "Failed"
    readonly error: KubernetesApiError
    /** Undefined when a LIST, of either form, was not complete. */
    readonly reach: WatchReach | undefined
    readonly healthyMillis: number
    readonly isMute: boolean
  }

/** The next step, after a wait. `failures` in a row and the health since the last one decide the next wait. */
export interface WatchPlan {
  readonly step: WatchStep
  readonly delayMillis: number
  readonly failures: number
  readonly healthyMillis: number
  /** Until the server shows that it does not. */
  readonly offersStreamLists: boolean
  /**
   * Resume from the version before the last. kube-apiserver sends bookmarks only for versions above the one that a watch
   * began with, and without etcd's progress notifications its own version stands still while a kind is at rest: such a
   * watch would be mute although all is well, and be given up for it.
   */
  readonly holdsBack: boolean
}

/** A cached LIST, at once: every server answers it, and from memory. */
export const firstPlan: WatchPlan = {
  step: { _tag: "List", resourceVersion: "0" },
  delayMillis: 0,
  failures: 0,
  healthyMillis: 0,
  offersStreamLists: true,
  holdsBack: false
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
      const step = resume(plan, outcome.reach)
      // A proxy that closes each watch as it opens would otherwise be asked thousands of times a second.
      if (outcome.healthyMillis < abruptEndMillis) {
        const isExcused = !outcome.isMute && plan.failures === 0
        return backOff(plan, step, outcome.healthyMillis, isExcused ? 0 : random, 0)
      }
      const healthyMillis = plan.healthyMillis + outcome.healthyMillis
      const failures = healthyMillis >= goodHealthMillis ? 0 : plan.failures
      return { ...plan, step, delayMillis: 0, failures, healthyMillis }
    }
    case "Failed": {
      const retryAfterMillis = Math.min((outcome.error.retryAfterSeconds ?? 0) * 1000, longestRetryAfterMillis)
      const learned = {
        ...plan,
        offersStreamLists: plan.offersStreamLists && !isRefusedStream(plan.step, outcome),
        holdsBack: plan.holdsBack || outcome.isMute
      }
      return backOff(learned, stepAfterFailure(learned, outcome), outcome.healthyMillis, random, retryAfterMillis)
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
  const delayMillis = atLeastMillis + random * bound
  return { ...plan, step, delayMillis, failures: earlier + 1, healthyMillis: 0 }
}

type Failure = Extract<WatchOutcome, { readonly _tag: "Failed" }>

/**
 * A server that does not know streaming lists says 422, or answers with a plain watch, which never says where the list
 * ends. Anything else (403, 429, a reset) would have met a LIST as well.
 */
const isRefusedStream = (step: WatchStep, { error, reach }: Failure): boolean =>
  step._tag === "StreamList" && reach === undefined &&
  (error.reason === "Invalid" || error.reason === "Gone" || error.reason === "Malformed")

/** The newest set, in the form that costs the server least: thousands of nodes relist when its history is gone. */
const relist = ({ offersStreamLists }: WatchPlan): WatchStep =>
  offersStreamLists ? { _tag: "StreamList" } : { _tag: "List", resourceVersion: "" }

const resume = ({ holdsBack }: WatchPlan, { resourceVersion, versionBefore }: WatchReach): WatchStep => ({
  _tag: "Watch",
  resourceVersion: holdsBack ? versionBefore : resourceVersion
})

const stepAfterFailure = (plan: WatchPlan, { error, reach }: Failure): WatchStep => {
  const { step } = plan
  // Never the same form twice: what a proxy or a server does to one of them may spare the other.
  if (step._tag === "StreamList" && reach === undefined) return { _tag: "List", resourceVersion: "" }
  // 410 says that the history is gone (Kubernetes API concepts, "410 Gone"). A server that calls the version invalid,
  // or times out because it has not reached it (504, after a restore of etcd), will never serve it either.
  if (error.reason === "Gone" || error.reason === "Invalid" || error.status === 504) return relist(plan)
  if (step._tag === "List" || reach === undefined) return step
  // The kind itself is gone (its CRD was deleted): what comes back later has another history.
  if (error.reason === "NotFound") return { _tag: "List", resourceVersion: "0" }
  return resume(plan, reach)
}
