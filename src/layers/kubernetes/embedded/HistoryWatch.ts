/**
 * A watch of `InMemoryObjectStore`: it reads the history behind a cursor of its own. There is no queue per watch that a
 * slow client could fill, only a history that it may fall out of, which is 410 as in etcd.
 */
import { Clock, Duration, Effect, Latch, Option, Stream } from "effect"
import type { ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import { type ApiStatusError, resourceVersionTooLarge } from "./ApiStatusError.ts"
import type { Concern, WatchStep } from "./ObjectStore.ts"
import { type Collection, collectionOf, type Storage, type Watcher } from "./Storage.ts"

/** What concerns a watch after a version, live. Fails with Expired when it falls out of the history. */
export const watch =
  (storage: Storage) =>
  (type: ResourceType, after: number, concerns: Concern): Stream.Stream<WatchStep, ApiStatusError> =>
    Stream.unwrap(Effect.gen(function*() {
      if (after > storage.version) return Stream.fail(resourceVersionTooLarge(after, storage.version))
      const collection = collectionOf(storage, type)
      const watcher: Watcher = { cursor: after, concerns, pending: yield* Latch.make(true) }
      yield* Effect.acquireRelease(
        Effect.sync(() => collection.watchers.add(watcher)),
        () => Effect.sync(() => collection.watchers.delete(watcher))
      )
      const bookmarkAt = (yield* Clock.monotonicTimeNanos) + bookmarkNanos(storage)
      return Stream.paginate(bookmarkAt, (at) => nextStep(storage, collection, watcher, at))
    }))

const nextStep = Effect.fnUntraced(function*(
  storage: Storage,
  collection: Collection,
  watcher: Watcher,
  bookmarkAt: bigint
) {
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
    watcher.cursor = storage.version
    steps.push({ events: [], resourceVersion: storage.version })
    return [steps, Option.some(now + bookmarkNanos(storage))] as const
  }
  yield* Effect.timeoutOption(watcher.pending.await, Duration.nanos(bookmarkAt - now))
  return [steps, Option.some(bookmarkAt)] as const
})

const bookmarkNanos = (storage: Storage): bigint => BigInt(Duration.toMillis(storage.bookmarkInterval)) * 1_000_000n
