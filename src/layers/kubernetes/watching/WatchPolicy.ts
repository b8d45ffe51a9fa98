/**
 * Decides how a watch is resumed: what to request after the end of each LIST or WATCH, from which version, and when. It is
 * a pure state machine, (plan, outcome) -> plan, and ListWatch carries the plans out. The delays are those of client-go
 * (tools/cache/reflector.go): 0.8 s doubled up to 30 s, and back to the start after 2 min of good health. Unlike
 * client-go, it uses full jitter, so that the nodes of a cluster do not return at the same time.
 */
import type { KubernetesApiError } from "../../../services/kubernetes/KubernetesApi.ts"

/**
 * One request. A LIST from `0` may be answered from the server's cache; a LIST from the empty version must return the
 * newest set. A streaming list returns a set that is not older than the version, and the watch after it, in one answer
 * (KEP-3157). A WATCH resumes after the version. Versions are opaque and never compared.
 */
type WatchStep =
  | { readonly _tag: "List"; readonly resourceVersion: "0" | "" }
  | { readonly _tag: "StreamList"; readonly resourceVersion: string }
  | { readonly _tag: "Watch"; readonly resourceVersion: string }

/** The result of a step. Times are in milliseconds of the monotonic clock. */
export type WatchOutcome =
  | { readonly _tag: "Listed"; readonly resourceVersion: string }
  | (WatchEnd & {
    readonly _tag: "Ended"
    /** The last version that the watch has delivered. */
    readonly resourceVersion: string
  })
  | (WatchEnd & {
    readonly _tag: "Failed"
    readonly error: KubernetesApiError
    /** The last version that was delivered; undefined if a list was not complete. */
    readonly resourceVersion: string | undefined
    /** The client gave up because nothing arrived any more. */
    readonly isSilent: boolean
  })

interface WatchEnd {
  /** The time from the acceptance of the watch to its end; 0 if it was not accepted. */
  readonly livedMillis: number
  /** The time from the acceptance to the last event. */
  readonly healthyMillis: number
  /** It was accepted but delivered nothing at all, not even a bookmark. */
  readonly isMute: boolean
}

/**
 * The next step, after a delay. `failures` in a row, and how long the watch was healthy since the last one, decide the
 * next delay.
 */
export interface WatchPlan {
  readonly step: WatchStep
  readonly delayMillis: number
  readonly failures: number
  readonly healthyMillis: number
  /** True until the server shows that it does not know streaming lists. */
  readonly offersStreamLists: boolean
  /**
   * The version from which the last accepted watch was mute. Until a watch delivers something, a LIST of that same
   * version is no sign of life, because a cache that stands still would answer it too.
   */
  readonly muteSince: string | undefined
  /** The last failure was a 410. */
  readonly wasGone: boolean
}

/** A cached LIST at once: every server answers it, and from memory. */
export const firstPlan: WatchPlan = {
  step: { _tag: "List", resourceVersion: "0" },
  delayMillis: 0,
  failures: 0,
  healthyMillis: 0,
  offersStreamLists: true,
  muteSince: undefined,
  wasGone: false
}

const firstBackOffMillis = 800
const longestBackOffMillis = 30_000
const goodHealthMillis = 120_000
/** If a server asks for more, it is asked earlier all the same: a missed change is worse than one more request. */
const longestRetryAfterMillis = 60_000
const abruptEndMillis = 1_000
/** A watch with a shorter life may be silent for good reason. */
const shortestMuteMillis = 10_000
/** With this many failures before the last one it is an outage. */
const outageFailures = 2

/** The plan after an outcome. `random` in [0, 1) is the share of the back-off that is waited. */
export const nextPlan = (plan: WatchPlan, outcome: WatchOutcome, random: number): WatchPlan => {
  switch (outcome._tag) {
    case "Listed":
      return { ...plan, step: { _tag: "Watch", resourceVersion: outcome.resourceVersion }, delayMillis: 0 }
    case "Ended": {
      const { livedMillis, resourceVersion } = outcome
      const step = isMuteAgain(plan, outcome) ? withProof(plan, resourceVersion) : watchFrom(resourceVersion)
      // A proxy may close each watch as soon as it is opened. Without this rule it would get thousands of requests a
      // second.
      if (livedMillis < abruptEndMillis) {
        const isExcused = !outcome.isMute && plan.failures === 0
        return backOff(plan, outcome, step, isExcused ? 0 : random)
      }
      const healthyMillis = plan.healthyMillis + livedMillis
      const failures = healthyMillis >= goodHealthMillis ? 0 : plan.failures
      return { ...plan, step, delayMillis: 0, failures, healthyMillis, muteSince: muteSince(plan, outcome) }
    }
    case "Failed": {
      // Only a clear refusal counts. A stall or a line that is cut off does not show whether the server knows streaming
      // lists.
      const isRefused = plan.step._tag === "StreamList" && outcome.error.reason === "Invalid"
      const learned = { ...plan, offersStreamLists: plan.offersStreamLists && !isRefused }
      return backOff(learned, outcome, stepAfterFailure(learned, outcome), random)
    }
  }
}

type Setback = Exclude<WatchOutcome, { readonly _tag: "Listed" }>
type Failure = Extract<WatchOutcome, { readonly _tag: "Failed" }>

const backOff = (plan: WatchPlan, outcome: Setback, step: WatchStep, random: number): WatchPlan => {
  const failures = earlierFailures(plan, outcome) + 1
  const error = outcome._tag === "Failed" ? outcome.error : undefined
  const wasGone = error?.reason === "Gone"
  // The first 410 is an answer of the server: a client that has waited through an outage does not wait as long again.
  const doublings = wasGone && !plan.wasGone ? 0 : failures - 1
  // The exponent is limited too, because 2 ** failures would be Infinity after a week without API server.
  const bound = Math.min(firstBackOffMillis * 2 ** Math.min(doublings, 10), longestBackOffMillis)
  const atLeastMillis = Math.min((error?.retryAfterSeconds ?? 0) * 1000, longestRetryAfterMillis)
  const delayMillis = atLeastMillis + random * bound
  return { ...plan, step, delayMillis, failures, healthyMillis: 0, muteSince: muteSince(plan, outcome), wasGone }
}

/**
 * Failures in a row before the last one. A watch that lived longer than any back-off is requested too rarely to be a
 * burden, whatever has ended it (for example the idle limit of a proxy).
 */
const earlierFailures = (plan: WatchPlan, { healthyMillis, livedMillis }: Setback): number =>
  plan.healthyMillis + healthyMillis >= goodHealthMillis || livedMillis >= longestBackOffMillis ? 0 : plan.failures

const wasMute = ({ isMute, livedMillis }: Setback): boolean => isMute && livedMillis >= shortestMuteMillis

/** The watch was mute twice in a row: something on the way closes idle connections before the first bookmark. */
const isMuteAgain = ({ muteSince }: WatchPlan, outcome: Setback): boolean => muteSince !== undefined && wasMute(outcome)

const muteSince = (plan: WatchPlan, outcome: Setback): string | undefined => {
  if (wasMute(outcome)) return outcome.resourceVersion
  return outcome.livedMillis > 0 ? undefined : plan.muteSince
}

const watchFrom = (resourceVersion: string): WatchStep => ({ _tag: "Watch", resourceVersion })

/**
 * Asks for the newest set in the form that costs the server least, because thousands of nodes relist when its history
 * is gone.
 */
const relist = ({ offersStreamLists }: WatchPlan): WatchStep =>
  offersStreamLists ? { _tag: "StreamList", resourceVersion: "" } : { _tag: "List", resourceVersion: "" }

/** Resumes with the whole set. That proves that the server is there and that it is still the same one. */
const withProof = ({ offersStreamLists }: WatchPlan, resourceVersion: string): WatchStep =>
  offersStreamLists ? { _tag: "StreamList", resourceVersion } : { _tag: "List", resourceVersion: "" }

const stepAfterFailure = (plan: WatchPlan, failure: Failure): WatchStep => {
  const { error, isSilent, resourceVersion } = failure
  const { step } = plan
  if (step._tag === "StreamList" && resourceVersion === undefined) {
    // A streaming list that stood still may do so again. A LIST has an end, or a time limit.
    return isAway(error) && !isSilent ? step : { _tag: "List", resourceVersion: "" }
  }
  // 410 says that the history is gone (Kubernetes API concepts, "410 Gone"). A server that calls the version invalid,
  // or answers 504 because it has not reached it (after a restore of etcd), will never serve that version either.
  if (error.reason === "Gone" || error.reason === "Invalid" || error.status === 504) return relist(plan)
  // kube-apiserver accepts a watch from a version that it has not reached yet, and sends nothing until it has.
  if (isSilent && wasMute(failure)) return relist(plan)
  if (step._tag === "List" || resourceVersion === undefined) return step
  // The kind itself is gone (its CRD was deleted). If it comes back, it has another history.
  if (error.reason === "NotFound") return { _tag: "List", resourceVersion: "0" }
  if (isMuteAgain(plan, failure)) return withProof(plan, resourceVersion)
  const isOutage = earlierFailures(plan, failure) >= outageFailures
  // What cannot be read, or makes the server fail, would arrive again.
  if (isOutage && !isAway(error)) return withProof(plan, resourceVersion)
  // After an outage the server may be another one (etcd may have been restored), and kube-apiserver's new cache would
  // answer a plain watch with 410. After a silence the set is a sign of life; the first bookmark would come a minute
  // later.
  return plan.offersStreamLists && (isOutage || isSilent)
    ? { _tag: "StreamList", resourceVersion }
    : watchFrom(resourceVersion)
}

/** The failure is no answer to the request itself, so the same request may be made again. */
const isAway = ({ reason, status }: KubernetesApiError): boolean =>
  reason === "TooManyRequests" || reason === "Denied" || (reason === "Unreachable" && status !== 500 && status !== 504)
