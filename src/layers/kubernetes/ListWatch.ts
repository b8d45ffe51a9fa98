/**
 * One collection as it is now, for as long as somebody listens: LIST, then WATCH, then whatever WatchPolicy says.
 * HttpKubernetesApi makes its `watchAll` of it. It keeps the set and hands out only whole sets.
 */
import { Clock, Duration, Effect, Queue, Random, Ref, Result, Stream } from "effect"
import type { WatchedChange, WatchedSet } from "../../services/kubernetes/KubernetesApi.ts"
import type { KubernetesObject, ResourceType } from "../../services/kubernetes/KubernetesObject.ts"
import type { ApiConnection, ApiRequest } from "./ApiConnection.ts"
import { failureOfConnection } from "./ApiFailure.ts"
import { describeChange, sortedByName, withEvent } from "./ChangedSet.ts"
import { listPages } from "./ListPages.ts"
import { type WatchEvent, watchEvents } from "./WatchLine.ts"
import { firstPlan, nextPlan, type WatchOutcome, type WatchPlan } from "./WatchPolicy.ts"

/** What is watched, on which connection, and who is told that the server said something. */
export interface WatchTarget {
  readonly connection: ApiConnection
  readonly resource: ResourceType
  readonly path: string
  /** Only the object of this name. */
  readonly name: string | undefined
  readonly metadataOnly: boolean
  readonly traced: boolean
  readonly heard: Effect.Effect<void>
}

// The API server sends a bookmark about once a minute (kubernetes#90249): 90 s without one is a dead connection.
const longestSilence = Duration.seconds(90)
// client-go's range: watches of many nodes end apart from each other.
const shortestWatchSeconds = 300
const longestWatchSeconds = 600
/** How much later than the server the client itself ends a watch. */
const deadlineMarginSeconds = 10

/** The set after each change. A slow consumer misses sets, never the newest one. Never ends, never fails. */
export const listWatch = (target: WatchTarget): Stream.Stream<WatchedSet> =>
  Stream.callback<WatchedSet>(
    (queue) => follow(target, (set) => Queue.offer(queue, set)),
    { bufferSize: 1, strategy: "sliding" }
  )

type Publish = (
  objects: ReadonlyArray<KubernetesObject>,
  change: Pick<WatchedChange, "type" | "name" | "generation" | "resourceVersion">
) => Effect.Effect<void>

const follow = Effect.fnUntraced(
  function*(target: WatchTarget, deliver: (set: WatchedSet) => Effect.Effect<unknown>) {
    const current = yield* Ref.make<ReadonlyArray<KubernetesObject>>([])
    const publish: Publish = Effect.fnUntraced(function*(objects, change) {
      yield* Ref.set(current, objects)
      yield* deliver({ objects, change: yield* describeChange(target, change) })
    })
    let plan = firstPlan
    while (true) {
      yield* Effect.sleep(plan.delayMillis)
      const outcome = plan.step._tag === "List"
        ? yield* listOnce(target, plan.step.resourceVersion, publish)
        : yield* watchOnce(target, plan.step.resourceVersion, current, publish)
      const next = nextPlan(plan, outcome, yield* Random.next)
      if (next.failures > plan.failures || outcome._tag === "Failed") yield* logBackOff(outcome, next)
      plan = next
    }
  },
  (effect, target) => Effect.annotateLogs(effect, { resource: target.resource.plural })
)

const listOnce = Effect.fnUntraced(
  function*(target: WatchTarget, resourceVersion: "0" | "", publish: Publish): Effect.fn.Return<WatchOutcome> {
    const { connection, path, resource } = target
    const listed = yield* Effect.result(listPages(connection, {
      path,
      resource: resource.plural,
      resourceVersion,
      params: selector(target),
      accept: accepts(target, "PartialObjectMetadataList")
    }))
    if (Result.isFailure(listed)) {
      return { _tag: "Failed", error: listed.failure, resourceVersion: undefined, healthyMillis: 0 }
    }
    const { objects, resourceVersion: listedVersion } = listed.success
    yield* target.heard
    // The whole set is replaced: what was deleted while nobody watched is gone with it.
    const change = { type: "LISTED", name: "", generation: undefined, resourceVersion: listedVersion } as const
    yield* publish(sortedByName(objects), change)
    return { _tag: "Listed", resourceVersion: listedVersion }
  }
)

const watchOnce = Effect.fnUntraced(function*(
  target: WatchTarget,
  from: string,
  current: Ref.Ref<ReadonlyArray<KubernetesObject>>,
  publish: Publish
): Effect.fn.Return<WatchOutcome> {
  const timeoutSeconds = yield* Random.nextIntBetween(shortestWatchSeconds, longestWatchSeconds)
  const request = watchRequest(target, from, timeoutSeconds)
  const openedAt = yield* monotonicMillis
  let heardAt = openedAt
  let resourceVersion = from
  let events = 0
  const heard = Effect.gen(function*() {
    heardAt = yield* monotonicMillis
    yield* target.heard
  })
  const take = Effect.fnUntraced(function*(event: WatchEvent) {
    events++
    resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion
    if (event.type === "BOOKMARK") return
    const { generation, name } = event.object.metadata
    const objects = withEvent(yield* Ref.get(current), event)
    yield* publish(objects, { type: event.type, name, generation, resourceVersion })
  })
  const session = yield* target.connection.bytes(request).pipe(
    Stream.timeoutOrElse({
      duration: longestSilence,
      orElse: () => Stream.fail(failureOfConnection(request, `silent for ${Duration.format(longestSilence)}`))
    }),
    Stream.tap(() => heard),
    (bytes) => watchEvents(bytes, request),
    Stream.runForEach(take),
    // A server that forgot to end the watch: we do, and resume as if it had.
    Effect.timeoutOption(Duration.seconds(timeoutSeconds + deadlineMarginSeconds)),
    Effect.result
  )
  if (Result.isFailure(session)) {
    return { _tag: "Failed", error: session.failure, resourceVersion, healthyMillis: heardAt - openedAt }
  }
  return { _tag: "Ended", resourceVersion, events, healthyMillis: (yield* monotonicMillis) - openedAt }
})

const watchRequest = (target: WatchTarget, resourceVersion: string, timeoutSeconds: number): ApiRequest => ({
  verb: "watch",
  method: "GET",
  path: target.path,
  resource: target.resource.plural,
  params: {
    ...selector(target),
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion,
    timeoutSeconds: String(timeoutSeconds)
  },
  accept: accepts(target, "PartialObjectMetadata")
})

const selector = ({ name }: WatchTarget): Readonly<Record<string, string>> =>
  name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }

// A server that does not know the transformation answers with plain objects; we read only their metadata.
const accepts = ({ metadataOnly }: WatchTarget, as: string): string =>
  metadataOnly ? `application/json;as=${as};g=meta.k8s.io;v=v1,application/json` : "application/json"

const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

// One broken connection is ordinary: a load balancer's idle limit, an API server's roll-out. Two in a row are not.
const logBackOff = (outcome: WatchOutcome, next: WatchPlan): Effect.Effect<void> =>
  Effect.logWithLevel(next.failures > 1 ? "Warn" : "Debug")("watch failed, trying again").pipe(
    Effect.annotateLogs({
      error: outcome._tag === "Failed" ? outcome.error.message : "the server ended the watch as it opened",
      next: next.step._tag,
      delayMillis: Math.ceil(next.delayMillis)
    })
  )
