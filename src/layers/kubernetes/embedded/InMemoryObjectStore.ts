/**
 * The embedded API server's storage in memory. Watches read the history behind a cursor of their own: there is no
 * queue per watch that a slow client could fill, only a history that it may fall out of, which is 410 as in etcd.
 * A write wakes the watches that it concerns and no others: on a thousand nodes each watches one object of a kind.
 */
import { Clock, Duration, Effect, Equal, Latch, Layer, Option, Stream } from "effect"
import type { ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import { alreadyExists, type ApiStatusError, conflict, notFound, resourceVersionTooLarge } from "./ApiStatusError.ts"
import { type JsonObject, listAt, objectAt, textAt, withMetadata } from "./JsonTree.ts"
import {
  type Change,
  type Concern,
  type ObjectKey,
  ObjectStore,
  type Preconditions,
  type StoredEvent,
  type WatchStep,
  type WriteOptions
} from "./ObjectStore.ts"
import { qualifiedResource } from "./ServedKind.ts"
import { keyOf, StoredCollection } from "./StoredCollection.ts"
import { timestamp } from "./Timestamp.ts"

export interface InMemoryObjectStoreOptions {
  /** Events of one kind that a watch can surely resume from (1,000); up to twice as many are kept. */
  readonly historyLimit?: number
  /** How often an idle watch is told the present version (1 min, as kube-apiserver does). */
  readonly bookmarkInterval?: Duration.Duration
  /**
   * The version before the first write (default: seconds since 1970). A client that resumes from the version of an
   * earlier run of the server must get 410, not a watch that is silent because the counter began at 1 again.
   */
  readonly startsAt?: number
}

interface Watcher {
  /** Everything up to this version was delivered, or does not concern the watch. */
  cursor: number
  readonly concerns: Concern
  /** Open while there may be something to deliver. */
  readonly pending: Latch.Latch
}

interface Collection {
  readonly stored: StoredCollection
  readonly watchers: Set<Watcher>
  /** Version of the kind's last event. */
  last: number
  isClosed: boolean
}

/** All of the store's state: every step on it is synchronous, hence atomic. */
interface Storage {
  version: number
  readonly collections: Map<string, Collection>
  readonly historyLimit: number
  readonly bookmarkInterval: Duration.Duration
}

/** Everything but metadata and status: what the generation counts. */
const specOf = (object: JsonObject): JsonObject => {
  const { metadata: _metadata, status: _status, ...rest } = object
  return rest
}

const collectionOf = (storage: Storage, type: ResourceType): Collection => {
  const name = qualifiedResource(type)
  const known = storage.collections.get(name)
  if (known !== undefined) return known
  const stored = new StoredCollection({ startsAt: storage.version, historyLimit: storage.historyLimit })
  const made: Collection = { stored, watchers: new Set(), last: storage.version, isClosed: false }
  storage.collections.set(name, made)
  return made
}

const record = (storage: Storage, collection: Collection, change: Omit<StoredEvent, "resourceVersion">): JsonObject => {
  storage.version += 1
  const object = withMetadata(change.object, { resourceVersion: String(storage.version) })
  const event: StoredEvent = { ...change, object, resourceVersion: storage.version }
  collection.stored.record(event)
  for (const watcher of collection.watchers) {
    if (watcher.concerns(event)) watcher.pending.openUnsafe()
    // One that is up to date stays so, and does not fall out of the history by what does not concern it.
    else if (watcher.cursor >= collection.last) watcher.cursor = event.resourceVersion
  }
  collection.last = event.resourceVersion
  return object
}

const list = (storage: Storage) =>
  Effect.fn("ObjectStore.list")(function*(type: ResourceType, at?: number) {
    const { stored } = collectionOf(storage, type)
    if (at === undefined) return { resourceVersion: storage.version, objects: stored.objects() }
    if (at > storage.version) return yield* resourceVersionTooLarge(at, storage.version)
    return { resourceVersion: at, objects: yield* Effect.fromResult(stored.objectsAt(at)) }
  })

const create = (storage: Storage) =>
  Effect.fn("ObjectStore.create")(function*(type: ResourceType, object: JsonObject, { dryRun }: WriteOptions) {
    const collection = collectionOf(storage, type)
    const creationTimestamp = yield* timestamp
    const key = keyOf(object)
    if (collection.stored.get(key) !== undefined) return yield* alreadyExists(type, key.name)
    const created = withMetadata(object, {
      uid: crypto.randomUUID(),
      creationTimestamp,
      generation: object["spec"] === undefined ? undefined : 1,
      deletionTimestamp: undefined,
      resourceVersion: undefined,
      selfLink: undefined
    })
    return dryRun
      ? created
      : record(storage, collection, { type: "ADDED", object: created, previous: undefined })
  })

const update = (storage: Storage) =>
  Effect.fn("ObjectStore.update")(
    function*(type: ResourceType, key: ObjectKey, change: Change, { dryRun }: WriteOptions) {
      const collection = collectionOf(storage, type)
      const current = collection.stored.get(key)
      if (current === undefined) return yield* notFound(type, key.name)
      const next = yield* Effect.fromResult(change(current))
      const metadata = objectAt(current, "metadata")
      yield* requireSame(type, metadata, {
        uid: textAt(next, "metadata", "uid"),
        resourceVersion: textAt(next, "metadata", "resourceVersion").replace(/^0$/, "")
      })
      const { uid, resourceVersion, creationTimestamp, deletionTimestamp, generation } = metadata
      const hasNewSpec = !Equal.equals(specOf(current), specOf(next))
      const object = withMetadata(next, {
        uid,
        resourceVersion,
        creationTimestamp,
        deletionTimestamp,
        generation: typeof generation === "number" && hasNewSpec ? generation + 1 : generation
      })
      if (dryRun || Equal.equals(current, object)) return object
      const isFinal = deletionTimestamp !== undefined && listAt(object, "metadata", "finalizers").length === 0
      return record(storage, collection, { type: isFinal ? "DELETED" : "MODIFIED", object, previous: current })
    }
  )

const remove = (storage: Storage) =>
  Effect.fn("ObjectStore.remove")(
    function*(type: ResourceType, key: ObjectKey, preconditions: Preconditions) {
      const collection = collectionOf(storage, type)
      const deletionTimestamp = yield* timestamp
      const current = collection.stored.get(key)
      if (current === undefined) return yield* notFound(type, key.name)
      const metadata = objectAt(current, "metadata")
      yield* requireSame(type, metadata, preconditions)
      if (preconditions.dryRun) return current
      if (listAt(metadata, "finalizers").length === 0) {
        return record(storage, collection, { type: "DELETED", object: current, previous: current })
      }
      if (metadata["deletionTimestamp"] !== undefined) return current
      const object = withMetadata(current, { deletionTimestamp, deletionGracePeriodSeconds: 0 })
      return record(storage, collection, { type: "MODIFIED", object, previous: current })
    }
  )

/** Refuses a request that was made for another object of the same name or another version; empty fields ask nothing. */
const requireSame = (
  type: ResourceType,
  current: JsonObject,
  asked: Pick<Preconditions, "uid" | "resourceVersion">
): Effect.Effect<void, ApiStatusError> => {
  const name = textAt(current, "name")
  const uid = textAt(current, "uid")
  if (asked.uid !== undefined && asked.uid !== "" && asked.uid !== uid) {
    const why = `Precondition failed: UID in precondition: ${asked.uid}, UID in object meta: ${uid}`
    return Effect.fail(conflict(type, name, why))
  }
  const isStale = asked.resourceVersion !== undefined && asked.resourceVersion !== "" &&
    asked.resourceVersion !== textAt(current, "resourceVersion")
  return isStale ? Effect.fail(conflict(type, name)) : Effect.void
}

const watch =
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

const make = Effect.fnUntraced(function*(options: InMemoryObjectStoreOptions) {
  const nowMillis = yield* Clock.currentTimeMillis
  const storage: Storage = {
    version: options.startsAt ?? Math.max(1, Math.trunc(nowMillis / 1000)),
    collections: new Map(),
    historyLimit: options.historyLimit ?? 1000,
    bookmarkInterval: options.bookmarkInterval ?? Duration.minutes(1)
  }
  return ObjectStore.of({
    resourceVersion: Effect.sync(() => storage.version),
    list: list(storage),
    get: (type, key) => Effect.sync(() => Option.fromNullishOr(collectionOf(storage, type).stored.get(key))),
    create: create(storage),
    update: update(storage),
    remove: remove(storage),
    watch: watch(storage),
    compact: (type) => Effect.sync(() => collectionOf(storage, type).stored.compact(storage.version)),
    close: (type) => Effect.sync(() => close(storage, type)),
    openWatches: Effect.sync(() =>
      [...storage.collections.values()].reduce((sum, { watchers }) => sum + watchers.size, 0)
    )
  })
})

const close = (storage: Storage, type: ResourceType): void => {
  const collection = collectionOf(storage, type)
  collection.isClosed = true
  storage.collections.delete(qualifiedResource(type))
  for (const { pending } of collection.watchers) pending.openUnsafe()
}

/** An empty store. */
export const layer = (options: InMemoryObjectStoreOptions = {}): Layer.Layer<ObjectStore> =>
  Layer.effect(ObjectStore, make(options))
