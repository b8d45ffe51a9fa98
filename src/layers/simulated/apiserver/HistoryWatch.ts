/**
 * A watch of `InMemoryObjectStore`: it reads the history behind a cursor of its own. There is no queue per watch that a
 * slow client could fill, only a history that it may fall out of, which is 410 as in etcd.
 */
import { Clock, Duration, Effect, Option, Result, Stream } from "effect"
import type { ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import type { ApiStatusError } from "./ApiStatusError.ts"
import type { StoredEvent, WatchOptions, WatchStep } from "./ObjectStore.ts"
import { type Collection, collectionOf, type Storage } from "./Storage.ts"
import { makeWatcher, type Watcher } from "./Watchers.ts"

/** kube-apiserver sends the last bookmark of a watch as long before its end (cacher.go, pretimeout). */
const bookmarkBeforeEnd = Duration.seconds(2)

/** What concerns a watch after a version, live. Fails with Expired when it falls out of the history. */
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
    // A watch from a version still to come has come nowhere yet.
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

/** What there is to deliver and the version that this leads to, in one step: a write comes before it or after it. */
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
