/**
 * A watch of `InMemoryObjectStore`. Each watch has a position in the common history and reads from there. So a slow
 * client fills no queue; if the history is cut off behind its position, it gets 410, as with etcd.
 */
import { Clock, Duration, Effect, Option, Result, Stream } from "effect"
import type { ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import type { ApiStatusError } from "./ApiStatusError.ts"
import type { StoredEvent, WatchOptions, WatchStep } from "./ObjectStore.ts"
import { type Collection, collectionOf, type Storage } from "./Storage.ts"
import { makeWatcher, type Watcher } from "./Watchers.ts"

/** kube-apiserver sends the last bookmark of a watch this long before its end (cacher.go, pretimeout). */
const bookmarkBeforeEnd = Duration.seconds(2)

/**
 * The events after a version that concern this watch, as they happen. Fails with Expired if the history no longer
 * contains its position.
 */
export const watch = (storage: Storage) =>
(
  type: ResourceType,
  { after, concerns, lastsFor, only }: WatchOptions
): Stream.Stream<WatchStep, ApiStatusError> =>
  Stream.unwrap(Effect.gen(function*() {
    const collection = collectionOf(storage, type)
    const watcher = makeWatcher(after, concerns, only)
    yield* Effect.acquireRelease(
      Effect.sync(() => collection.watchers.add(watcher)),
      () => Effect.sync(() => collection.watchers.delete(watcher))
    )
    const now = yield* Clock.monotonicTimeNanos
    const lastBookmarkAt = now + nanos(Duration.subtract(lastsFor, bookmarkBeforeEnd))
    const follow = { storage, collection, watcher, lastBookmarkAt }
    return Stream.paginate(nextBookmarkAt(follow, now), (at) => nextStep(follow, at))
  }))

interface Follow {
  readonly storage: Storage
  readonly collection: Collection
  readonly watcher: Watcher
  readonly lastBookmarkAt: bigint
}

const nextStep = Effect.fnUntraced(function*(follow: Follow, bookmarkAt: bigint) {
  const { collection, watcher } = follow
  const now = yield* Clock.monotonicTimeNanos
  const { concerning, resourceVersion } = yield* Effect.suspend(() => Effect.fromResult(take(follow)))
  if (concerning.length > 0) {
    return [[{ events: concerning, resourceVersion }], Option.some(bookmarkAt)] as const
  }
  if (collection.isClosed) return [[], Option.none<bigint>()] as const
  if (now >= bookmarkAt) {
    // A watch from a version in the future has not reached any version yet.
    const steps = watcher.after === undefined ? [{ events: [], resourceVersion }] : []
    return [steps, Option.some(nextBookmarkAt(follow, now))] as const
  }
  yield* Effect.timeoutOption(watcher.pending.await, Duration.nanos(bookmarkAt - now))
  return [[], Option.some(bookmarkAt)] as const
})

interface Taken {
  readonly concerning: ReadonlyArray<StoredEvent>
  readonly resourceVersion: number
}

/**
 * Takes what is to be delivered and the version after it, in one step, so that every write is either before it or after
 * it.
 */
const take = ({ collection, storage, watcher }: Follow): Result.Result<Taken, ApiStatusError> => {
  watcher.pending.closeUnsafe()
  const { after } = watcher
  if (after === undefined) return Result.succeed({ concerning: [], resourceVersion: storage.version })
  return Result.map(collection.stored.eventsAfter(after, watcher.only), (events) => {
    if (after <= storage.version) watcher.after = undefined
    const concerning = events.filter(watcher.concerns)
    return { concerning, resourceVersion: concerning.at(-1)?.resourceVersion ?? storage.version }
  })
}

const nextBookmarkAt = ({ lastBookmarkAt, storage }: Follow, now: bigint): bigint => {
  const regular = now + nanos(storage.bookmarkInterval)
  return now < lastBookmarkAt && lastBookmarkAt < regular ? lastBookmarkAt : regular
}

const nanos = (duration: Duration.Duration): bigint => BigInt(Math.trunc(Duration.toMillis(duration))) * 1_000_000n
