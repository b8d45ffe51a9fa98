/**
 * Where a watch is resumed: what a list-and-watch asks for after each LIST or WATCH that came to its end, and when. A pure
 * function (plan, outcome) -> plan, in the manner of a protocol's state machine; ListWatch carries the plans out.
 * The delays are client-go's (tools/cache/reflector.go): 0.8 s doubled to 30 s, back to the start after 2 min of good
 * health; but with full jitter, so that a whole cluster spreads its return.
 */
import type { KubernetesApiError } from "../../../services/kubernetes/KubernetesApi.ts"

/**
 * One request to make. A LIST from `0` may be answered from the server's cache; from the empty version it must be the
 * newest there is. A streaming list is a set not older than the version and the watch after it in one answer (KEP-3157).
 * A WATCH resumes after the version, which is opaque and never compared.
 */
type WatchStep =
  | { readonly _tag: "List"; readonly resourceVersion: "0" | "" }
  | { readonly _tag: "StreamList"; readonly resourceVersion: string }
  | { readonly _tag: "Watch"; readonly resourceVersion: string }

/** How a step came out. Times are in milliseconds of the monotonic clock. */
export type WatchOutcome =
  | { readonly _tag: "Listed"; readonly resourceVersion: string }
  | (WatchEnd & {
    readonly _tag: "Ended"
    /** The last version seen on the watch. */
    readonly resourceVersion: string
  })
  | (WatchEnd & {
    readonly _tag: "Failed"
    readonly error: KubernetesApiError
    /** The last version seen; undefined when a LIST, of either form, was not complete. */
    readonly resourceVersion: string | undefined
    /** It was given up because nothing came any more. */
    readonly isSilent: boolean
  })

interface WatchEnd {
  /** From the acceptance of the watch to its end; 0 when it was not accepted. */
  readonly livedMillis: number
  /** From the acceptance to the last event. */
  readonly healthyMillis: number
  /** It was accepted and said nothing at all, not even a bookmark. */
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
   * The version from which the last accepted watch was mute. Until one says something, a LIST of that same version is no
   * sign of life: a cache that stands still would answer it too.
   */
  readonly muteSince: string | undefined
  /** The last failure was a 410. */
  readonly wasGone: boolean
}

/** A cached LIST, at once: every server answers it, and from memory. */
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
/** A server that asks for more is asked again all the same: a deaf watch is worse than one more request. */
const longestRetryAfterMillis = 60_000
const abruptEndMillis = 1_000
/** A watch that lived for less had no reason to say anything. */
const shortestMuteMillis = 10_000
/** So many failures before the last one make an outage. */
const outageFailures = 2

/** The plan after an outcome. `random` is in [0, 1): the share of the back-off that is waited. */
export const nextPlan = (plan: WatchPlan, outcome: WatchOutcome, random: number): WatchPlan => {
  switch (outcome._tag) {
    case "Listed":
      return { ...plan, step: { _tag: "Watch", resourceVersion: outcome.resourceVersion }, delayMillis: 0 }
    case "Ended": {
      const { livedMillis, resourceVersion } = outcome
      const step = isMuteAgain(plan, outcome) ? withProof(plan, resourceVersion) : watchFrom(resourceVersion)
      // A proxy that closes each watch as it opens would otherwise be asked thousands of times a second.
      if (livedMillis < abruptEndMillis) {
        const isExcused = !outcome.isMute && plan.failures === 0
        return backOff(plan, outcome, step, isExcused ? 0 : random)
      }
      const healthyMillis = plan.healthyMillis + livedMillis
      const failures = healthyMillis >= goodHealthMillis ? 0 : plan.failures
      return { ...plan, step, delayMillis: 0, failures, healthyMillis, muteSince: muteSince(plan, outcome) }
    }
    case "Failed": {
      // Only a clear answer is believed: a stall or a line that is cut off says nothing of what the server knows.
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
  // The first 410 is an answer: whoever waited for it through an outage does not wait as long again.
  const doublings = wasGone && !plan.wasGone ? 0 : failures - 1
  // The exponent is bounded too: 2 ** failures of a week without API would be Infinity.
  const bound = Math.min(firstBackOffMillis * 2 ** Math.min(doublings, 10), longestBackOffMillis)
  const atLeastMillis = Math.min((error?.retryAfterSeconds ?? 0) * 1000, longestRetryAfterMillis)
  const delayMillis = atLeastMillis + random * bound
  return { ...plan, step, delayMillis, failures, healthyMillis: 0, muteSince: muteSince(plan, outcome), wasGone }
}

/**
 * Failures in a row before the last one. A watch that lived for longer than any back-off is asked for too seldom to be a
 * burden, whatever ended it: the idle limit of a proxy, say.
 */
const earlierFailures = (plan: WatchPlan, { healthyMillis, livedMillis }: Setback): number =>
  plan.healthyMillis + healthyMillis >= goodHealthMillis || livedMillis >= longestBackOffMillis ? 0 : plan.failures

const wasMute = ({ isMute, livedMillis }: Setback): boolean => isMute && livedMillis >= shortestMuteMillis

/** Twice in a row: something between cuts what is idle, before the first bookmark. */
const isMuteAgain = ({ muteSince }: WatchPlan, outcome: Setback): boolean => muteSince !== undefined && wasMute(outcome)

const muteSince = (plan: WatchPlan, outcome: Setback): string | undefined => {
  if (wasMute(outcome)) return outcome.resourceVersion
  return outcome.livedMillis > 0 ? undefined : plan.muteSince
}

const watchFrom = (resourceVersion: string): WatchStep => ({ _tag: "Watch", resourceVersion })

/** The newest set, in the form that costs the server least: thousands of nodes relist when its history is gone. */
const relist = ({ offersStreamLists }: WatchPlan): WatchStep =>
  offersStreamLists ? { _tag: "StreamList", resourceVersion: "" } : { _tag: "List", resourceVersion: "" }

/** Resumes with the whole set, which proves that the server is there, and that it is the one it was. */
const withProof = ({ offersStreamLists }: WatchPlan, resourceVersion: string): WatchStep =>
  offersStreamLists ? { _tag: "StreamList", resourceVersion } : { _tag: "List", resourceVersion: "" }

const stepAfterFailure = (plan: WatchPlan, failure: Failure): WatchStep => {
  const { error, isSilent, resourceVersion } = failure
  const { step } = plan
  if (step._tag === "StreamList" && resourceVersion === undefined) {
    // One that stands still might do so again: a LIST has an end, or a time limit.
    return isAway(error) && !isSilent ? step : { _tag: "List", resourceVersion: "" }
  }
  // 410 says that the history is gone (Kubernetes API concepts, "410 Gone"). A server that calls the version invalid,
  // or times out because it has not reached it (504, after a restore of etcd), will never serve it either.
  if (error.reason === "Gone" || error.reason === "Invalid" || error.status === 504) return relist(plan)
  // kube-apiserver accepts a watch from a version that it has not reached, and says nothing on it until it has.
  if (isSilent && wasMute(failure)) return relist(plan)
  if (step._tag === "List" || resourceVersion === undefined) return step
  // The kind itself is gone (its CRD was deleted): what comes back later has another history.
  if (error.reason === "NotFound") return { _tag: "List", resourceVersion: "0" }
  if (isMuteAgain(plan, failure)) return withProof(plan, resourceVersion)
  const isOutage = earlierFailures(plan, failure) >= outageFailures
  // What can't be read, or makes the server fail, will be there again.
  if (isOutage && !isAway(error)) return withProof(plan, resourceVersion)
  // After an outage nothing is sure, not even that the server is the one it was (etcd may have been restored), and
  // kube-apiserver's cache begins anew with it and would answer a plain watch with 410. After a silence the set is a
  // sign of life; the first bookmark would be a minute away.
  return plan.offersStreamLists && (isOutage || isSilent)
    ? { _tag: "StreamList", resourceVersion }
    : watchFrom(resourceVersion)
}

/** Not an answer to what was asked: the same question may be put again. */
const isAway = ({ reason, status }: KubernetesApiError): boolean =>
  reason === "TooManyRequests" || reason === "Denied" || (reason === "Unreachable" && status !== 500 && status !== 504)
