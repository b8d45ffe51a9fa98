/**
 * Keeps one collection up to date for as long as somebody listens: it makes a LIST, then a WATCH, then whatever
 * WatchPolicy decides, which also says where a watch is resumed. HttpKubernetesApi makes `watchAll` of it. It delivers
 * only complete sets.
 */
import { Clock, Effect, Queue, Random, Ref, Result, Stream } from "effect"
import type { WatchedSet } from "../../../services/kubernetes/KubernetesApi.ts"
import { listPages } from "../requests/ListPages.ts"
import { afterList, beginList, type Publish, unlisted, type WatchProgress, withSpan } from "./ChangedSet.ts"
import { firstPlan, nextPlan, type WatchOutcome, type WatchPlan } from "./WatchPolicy.ts"
import { watchOnce } from "./WatchSession.ts"
import { listRequest, type WatchTarget } from "./WatchTarget.ts"

/**
 * The set after each change. A slow reader misses intermediate sets, but never the newest one. Never ends and never
 * fails.
 */
export const listWatch = (target: WatchTarget): Stream.Stream<WatchedSet> =>
  Stream.callback<WatchedSet>(
    (queue) => follow(target, (set) => Queue.offer(queue, set)),
    { bufferSize: 1, strategy: "sliding" }
  )

const follow = Effect.fnUntraced(
  function*(target: WatchTarget, deliver: (set: WatchedSet) => Effect.Effect<unknown>) {
    const progress = yield* Ref.make(unlisted)
    const publish: Publish = (objects, change) =>
      Effect.flatMap(withSpan(target, change), (whole) => Effect.asVoid(deliver({ objects, change: whole })))
    let plan = firstPlan
    while (true) {
      yield* Effect.sleep(plan.delayMillis)
      const outcome = yield* carryOut(plan, target, progress, publish)
      const next = nextPlan(plan, outcome, yield* Random.next)
      if (next.delayMillis > 0 || outcome._tag === "Failed") yield* logBackOff(outcome, next)
      plan = next
    }
  },
  (effect, target) => Effect.annotateLogs(effect, { resource: target.resource.plural })
)

const carryOut = Effect.fnUntraced(function*(
  { muteSince, step }: WatchPlan,
  target: WatchTarget,
  progress: Ref.Ref<WatchProgress>,
  publish: Publish
): Effect.fn.Return<WatchOutcome> {
  switch (step._tag) {
    case "List":
      return yield* listOnce(target, step.resourceVersion, { muteSince, progress, publish })
    case "StreamList":
    case "Watch": {
      const { resourceVersion } = step
      const sendsList = step._tag === "StreamList"
      if (sendsList) yield* Ref.update(progress, beginList)
      return yield* Effect.scoped(watchOnce(target, { resourceVersion, sendsList }, progress, publish))
    }
  }
})

const listOnce = Effect.fnUntraced(function*(
  target: WatchTarget,
  resourceVersion: "0" | "",
  { muteSince, progress, publish }: {
    readonly muteSince: string | undefined
    readonly progress: Ref.Ref<WatchProgress>
    readonly publish: Publish
  }
): Effect.fn.Return<WatchOutcome> {
  const listed = yield* Effect.result(listPages(target.connection, listRequest(target, resourceVersion)))
  if (Result.isFailure(listed)) {
    const nothing = { resourceVersion: undefined, livedMillis: 0, healthyMillis: 0, isMute: false, isSilent: false }
    return { ...nothing, _tag: "Failed", error: listed.failure }
  }
  if (listed.success.resourceVersion !== muteSince) yield* target.heard
  // The list replaces the whole set, so objects that were deleted while nobody watched disappear too.
  const [next, change] = afterList(yield* Ref.get(progress), listed.success.objects, listed.success.resourceVersion)
  yield* Ref.set(progress, next)
  yield* publish(next.objects, { ...change, receivedAtNanos: yield* Clock.monotonicTimeNanos })
  return { _tag: "Listed", resourceVersion: listed.success.resourceVersion }
})

// One broken connection is normal, for example by a load balancer's idle limit or a restart of the API server. Two in a
// row are not.
const logBackOff = (outcome: WatchOutcome, next: WatchPlan): Effect.Effect<void> =>
  Effect.logWithLevel(next.failures > 1 ? "Warn" : "Debug")("watch failed, trying again").pipe(
    Effect.annotateLogs({
      error: outcome._tag === "Failed" ? outcome.error.message : "the server ended the watch as it opened",
      next: next.step._tag,
      delayMillis: Math.ceil(next.delayMillis)
    })
  )
