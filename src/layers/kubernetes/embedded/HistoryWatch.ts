/**
 * A watch of `InMemoryObjectStore`: it reads the history behind a cursor of its own. There is no queue per watch that a
 * slow client could fill, only a history that it may fall out of, which is 410 as in etcd.
 */
import { Clock, Duration, Effect, Latch, Option, Stream } from "effect"
import type { ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import type { ApiStatusError } from "./ApiStatusError.ts"
import type { WatchOptions, WatchStep } from "./ObjectStore.ts"
import { type Collection, collectionOf, type Storage, type Watcher } from "./Storage.ts"

/** kube-apiserver sends the last bookmark of a watch as long before its end (cacher.go, pretimeout). */
const bookmarkBeforeEnd = Duration.seconds(2)

/** What concerns a watch after a version, live. Fails with Expired when it falls out of the history. */
export const watch = (storage: Storage) =>
(
  type: ResourceType,
  { after, concerns, lastsFor }: WatchOptions
): Stream.Stream<WatchStep, ApiStatusError> =>
  Stream.unwrap(Effect.gen(function*() {
    const collection = collectionOf(storage, type)
    const watcher: Watcher = { cursor: after, concerns, pending: yield* Latch.make(true) }
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
  const { collection, storage, watcher } = follow
  watcher.pending.closeUnsafe()
  const events = yield* Effect.fromResult(collection.stored.eventsAfter(watcher.cursor))
  watcher.cursor = events.at(-1)?.resourceVersion ?? watcher.cursor
  const concerning = events.filter(watcher.concerns)
  const steps: Array<WatchStep> = []
  if (concerning.length > 0) {
    steps.push({ events: concerning, resourceVersion: watcher.cursor })
    return [steps, Option.some(bookmarkAt)] as const
  }
  if (collection.isClosed) return [steps, Option.none<bigint>()] as const
  const now = yield* Clock.monotonicTimeNanos
  if (now >= bookmarkAt) {
    // A watch from a version still to come has come nowhere yet.
    if (watcher.cursor <= storage.version) {
      watcher.cursor = storage.version
      steps.push({ events: [], resourceVersion: storage.version })
    }
    return [steps, Option.some(nextBookmarkAt(follow, now))] as const
  }
  yield* Effect.timeoutOption(watcher.pending.await, Duration.nanos(bookmarkAt - now))
  return [steps, Option.some(bookmarkAt)] as const
})

const nextBookmarkAt = ({ lastBookmarkAt, storage }: Follow, now: bigint): bigint => {
  const regular = now + nanos(storage.bookmarkInterval)
  return now < lastBookmarkAt && lastBookmarkAt < regular ? lastBookmarkAt : regular
}

const nanos = (duration: Duration.Duration): bigint => BigInt(Math.trunc(Duration.toMillis(duration))) * 1_000_000n
