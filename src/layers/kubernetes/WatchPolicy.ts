/**
 * What a list-and-watch does next: a pure function (plan, outcome) -> plan, in the manner of a protocol's state machine.
 * ListWatch carries the plans out. The delays are client-go's (tools/cache/reflector.go): 0.8 s doubled to 30 s,
 * back to the start after 2 min of good health; but with full jitter, so that a whole cluster spreads its return.
 */
import type { KubernetesApiError } from "../../services/kubernetes/KubernetesApi.ts"

/**
 * One request to make. A LIST from `0` may be answered from the server's cache; from the empty version it must be the
 * newest there is. A streaming list is a set not older than the version and the watch after it in one answer (KEP-3157).
 * A WATCH resumes after the version, which is opaque and never compared.
 */
type WatchStep =
  | { readonly _tag: "List"; readonly resourceVersion: "0" | "" }
  | { readonly _tag: "StreamList"; readonly resourceVersion: string }
  | { readonly _tag: "Watch"; readonly resourceVersion: string }

/**
 * How a step came out. Times are in milliseconds of the monotonic clock. A mute watch was accepted and then said nothing
 * at all, not even a bookmark, until it ended or was given up for its silence.
 */
export type WatchOutcome =
  | { readonly _tag: "Listed"; readonly resourceVersion: string }
  | {
    readonly _tag: "Ended"
    /** The last version seen on the watch. */
    readonly resourceVersion: string
    readonly healthyMillis: number
    readonly isMute: boolean
  }
  | {
    readonly _tag: "Failed"
    readonly error: KubernetesApiError
    /** The last version seen; undefined when a LIST, of either form, was not complete. */
    readonly resourceVersion: string | undefined
    readonly healthyMillis: number
    /** It was given up because nothing came any more. */
    readonly isSilent: boolean
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
  /** The last watch was mute: until one says something, nothing else of this server is a sign of life. */
  readonly isMute: boolean
}

/** A cached LIST, at once: every server answers it, and from memory. */
export const firstPlan: WatchPlan = {
  step: { _tag: "List", resourceVersion: "0" },
  delayMillis: 0,
  failures: 0,
  healthyMillis: 0,
  offersStreamLists: true,
  isMute: false
}

const firstBackOffMillis = 800
const longestBackOffMillis = 30_000
const goodHealthMillis = 120_000
/** A server that asks for more is asked again all the same: a deaf watch is worse than one more request. */
const longestRetryAfterMillis = 60_000
const abruptEndMillis = 1_000
/** So many failures before the last one make an outage. */
const outageFailures = 2

/** The plan after an outcome. `random` is in [0, 1): the share of the back-off that is waited. */
export const nextPlan = (plan: WatchPlan, outcome: WatchOutcome, random: number): WatchPlan => {
  switch (outcome._tag) {
    case "Listed":
      return { ...plan, step: { _tag: "Watch", resourceVersion: outcome.resourceVersion }, delayMillis: 0 }
    case "Ended": {
      const step: WatchStep = { _tag: "Watch", resourceVersion: outcome.resourceVersion }
      // A proxy that closes each watch as it opens would otherwise be asked thousands of times a second.
      if (outcome.healthyMillis < abruptEndMillis) {
        const isExcused = !outcome.isMute && plan.failures === 0
        return backOff(plan, step, outcome.healthyMillis, isExcused ? 0 : random, 0)
      }
      const healthyMillis = plan.healthyMillis + outcome.healthyMillis
      const failures = healthyMillis >= goodHealthMillis ? 0 : plan.failures
      return { ...plan, step, delayMillis: 0, failures, healthyMillis, isMute: plan.isMute && outcome.isMute }
    }
    case "Failed": {
      const retryAfterMillis = Math.min((outcome.error.retryAfterSeconds ?? 0) * 1000, longestRetryAfterMillis)
      const learned = {
        ...plan,
        offersStreamLists: plan.offersStreamLists && !isRefusedStream(plan.step, outcome),
        isMute: outcome.isMute || (plan.isMute && outcome.healthyMillis === 0)
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
  const earlier = earlierFailures(plan, healthyMillis)
  // The exponent is bounded too: 2 ** failures of a week without API would be Infinity.
  const bound = Math.min(firstBackOffMillis * 2 ** Math.min(earlier, 10), longestBackOffMillis)
  const delayMillis = atLeastMillis + random * bound
  return { ...plan, step, delayMillis, failures: earlier + 1, healthyMillis: 0 }
}

/** Failures in a row before the last one, which came after so much health. */
const earlierFailures = (plan: WatchPlan, healthyMillis: number): number =>
  plan.healthyMillis + healthyMillis >= goodHealthMillis ? 0 : plan.failures

type Failure = Extract<WatchOutcome, { readonly _tag: "Failed" }>

/**
 * A server that does not know streaming lists says 422, or answers with a plain watch, which never says where the list
 * ends. Anything else (403, 429, a reset) would have met a LIST as well.
 */
const isRefusedStream = (step: WatchStep, { error, resourceVersion }: Failure): boolean =>
  step._tag === "StreamList" && resourceVersion === undefined &&
  (error.reason === "Invalid" || error.reason === "Gone" || error.reason === "Malformed")

/** The newest set, in the form that costs the server least: thousands of nodes relist when its history is gone. */
const relist = ({ offersStreamLists }: WatchPlan): WatchStep =>
  offersStreamLists ? { _tag: "StreamList", resourceVersion: "" } : { _tag: "List", resourceVersion: "" }

const stepAfterFailure = (plan: WatchPlan, failure: Failure): WatchStep => {
  const { error, isMute, isSilent, resourceVersion } = failure
  const { step } = plan
  // 410 says that the history is gone (Kubernetes API concepts, "410 Gone"). A server that calls the version invalid,
  // or times out because it has not reached it (504, after a restore of etcd), will never serve it either.
  const isUnserved = error.reason === "Gone" || error.reason === "Invalid" || error.status === 504
  if (step._tag === "StreamList" && resourceVersion === undefined) {
    return isAway(error) ? step : { _tag: "List", resourceVersion: "" }
  }
  // kube-apiserver accepts a watch from a version that it has not reached, and says nothing on it until it has.
  if (isUnserved || isMute) return relist(plan)
  if (step._tag === "List" || resourceVersion === undefined) return step
  // The kind itself is gone (its CRD was deleted): what comes back later has another history.
  if (error.reason === "NotFound") return { _tag: "List", resourceVersion: "0" }
  // After an outage nothing is sure, not even that the server is the one it was (etcd may have been restored): the set
  // comes along. kube-apiserver's cache begins anew with it, and would answer a plain watch with 410. After a silence it
  // is a sign of life as well; the first bookmark would be a minute away.
  const isUnsure = isSilent || earlierFailures(plan, failure.healthyMillis) >= outageFailures
  return plan.offersStreamLists && isUnsure
    ? { _tag: "StreamList", resourceVersion }
    : { _tag: "Watch", resourceVersion }
}

/** Not an answer to what was asked: the same question may be put again. */
const isAway = ({ reason, status }: KubernetesApiError): boolean =>
  reason === "TooManyRequests" || reason === "Denied" || (reason === "Unreachable" && status !== 500 && status !== 504)
