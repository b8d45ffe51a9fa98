/**
 * The embedded API server's storage in memory: how create, update and delete change metadata. The watches are in
 * `HistoryWatch`, the state is in `Storage`.
 */
import { Clock, Duration, Effect, Equal, Layer, Option, Result } from "effect"
import type { ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import { alreadyExists, type ApiStatusError, conflict, notFound, resourceVersionTooLarge } from "./ApiStatusError.ts"
import { watch } from "./HistoryWatch.ts"
import { type JsonObject, listAt, objectAt, textAt, withMetadata } from "./JsonTree.ts"
import { type Change, type ObjectKey, ObjectStore, type Preconditions, type WriteOptions } from "./ObjectStore.ts"
import { close, collectionOf, compact, record, type Storage } from "./Storage.ts"
import { keyOf } from "./StoredCollection.ts"
import { timestamp } from "./Timestamp.ts"

export interface InMemoryObjectStoreOptions {
  /**
   * The number of events of one kind from which a watch can always resume (default 1,000). Up to twice as many are
   * kept.
   */
  readonly historyLimit?: number
  /** How often an idle watch gets a bookmark with the present version (default 1 min, as in kube-apiserver). */
  readonly bookmarkInterval?: Duration.Duration
  /**
   * The version before the first write (default: seconds since 1970). A client that resumes with a version from an
   * earlier run of the server must get 410. If the counter started at 1 again, it would get a watch that stays silent.
   */
  readonly startsAt?: number
}

/** Everything except metadata and status; a change of it raises the generation. */
const specOf = (object: JsonObject): JsonObject => {
  const { metadata: _metadata, status: _status, ...rest } = object
  return rest
}

const list = (storage: Storage) =>
  Effect.fn("ObjectStore.list")(function*(type: ResourceType, at?: number, only?: ObjectKey) {
    const { stored } = collectionOf(storage, type)
    if (at === undefined) {
      const present = only === undefined
        ? stored.objects()
        : [stored.get(only)].filter((object) => object !== undefined)
      return { resourceVersion: storage.version, objects: present }
    }
    if (at > storage.version) return yield* resourceVersionTooLarge(at, storage.version)
    const objects = yield* Effect.fromResult(stored.objectsAt(at))
    return {
      resourceVersion: at,
      objects: only === undefined ? objects : objects.filter((object) => Equal.equals(keyOf(object), only))
    }
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
    (type: ResourceType, key: ObjectKey, change: Change, options: WriteOptions) =>
      // Reading and writing is one step. If a fiber yielded in between, it would overwrite what another fiber wrote.
      Effect.suspend(() => Effect.fromResult(updateNow(storage, type, key, change, options)))
  )

const updateNow = (
  storage: Storage,
  type: ResourceType,
  key: ObjectKey,
  change: Change,
  { dryRun }: WriteOptions
): Result.Result<JsonObject, ApiStatusError> =>
  Result.gen(function*() {
    const collection = collectionOf(storage, type)
    const current = collection.stored.get(key)
    if (current === undefined) return yield* Result.fail(notFound(type, key.name))
    const next = yield* change(current)
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
  })

const remove = (storage: Storage) =>
  Effect.fn("ObjectStore.remove")(function*(type: ResourceType, key: ObjectKey, preconditions: Preconditions) {
    const deletionTimestamp = yield* timestamp
    return yield* Effect.suspend(() =>
      Effect.fromResult(removeNow(storage, type, key, preconditions, deletionTimestamp))
    )
  })

const removeNow = (
  storage: Storage,
  type: ResourceType,
  key: ObjectKey,
  preconditions: Preconditions,
  deletionTimestamp: string
): Result.Result<JsonObject, ApiStatusError> =>
  Result.gen(function*() {
    const collection = collectionOf(storage, type)
    const current = collection.stored.get(key)
    if (current === undefined) return yield* Result.fail(notFound(type, key.name))
    const metadata = objectAt(current, "metadata")
    yield* requirePreconditions(type, metadata, preconditions)
    if (preconditions.dryRun) return current
    if (listAt(metadata, "finalizers").length === 0) {
      return record(storage, collection, { type: "DELETED", object: current, previous: current })
    }
    if (metadata["deletionTimestamp"] !== undefined) return current
    const object = withMetadata(current, { deletionTimestamp, deletionGracePeriodSeconds: 0 })
    return record(storage, collection, { type: "MODIFIED", object, previous: current })
  })

/** Refuses a deletion that was meant for another object of the same name or for another version. */
const requirePreconditions = (
  type: ResourceType,
  current: JsonObject,
  { resourceVersion, uid }: Preconditions
): Result.Result<void, ApiStatusError> => {
  const refuse = (
    what: string,
    field: string,
    asked: string,
    happened: string
  ): Result.Result<void, ApiStatusError> => {
    const actual = textAt(current, field)
    if (asked === "" || asked === actual) return Result.void
    const why = `the ${what} in the precondition (${asked}) does not match the ${what} in record (${actual}). `
    return Result.fail(conflict({ ...type, plural: type.kind }, textAt(current, "name"), why + happened))
  }
  return refuse("UID", "uid", uid ?? "", "The object might have been deleted and then recreated").pipe(
    Result.flatMap(() =>
      refuse("ResourceVersion", "resourceVersion", resourceVersion ?? "", "The object might have been modified")
    )
  )
}

/**
 * Refuses a request that was made for another object of the same name or for another version. Empty fields are not
 * compared.
 */
const requireSame = (
  type: ResourceType,
  current: JsonObject,
  asked: Pick<Preconditions, "uid" | "resourceVersion">
): Result.Result<void, ApiStatusError> => {
  const name = textAt(current, "name")
  const uid = textAt(current, "uid")
  if (asked.uid !== undefined && asked.uid !== "" && asked.uid !== uid) {
    const why = `Precondition failed: UID in precondition: ${asked.uid}, UID in object meta: ${uid}`
    return Result.fail(conflict(type, name, why))
  }
  const isStale = asked.resourceVersion !== undefined && asked.resourceVersion !== "" &&
    asked.resourceVersion !== textAt(current, "resourceVersion")
  return isStale ? Result.fail(conflict(type, name)) : Result.void
}

const makeStorage = Effect.fnUntraced(function*(options: InMemoryObjectStoreOptions): Effect.fn.Return<Storage> {
  const nowMillis = yield* Clock.currentTimeMillis
  return {
    version: options.startsAt ?? Math.max(1, Math.trunc(nowMillis / 1000)),
    collections: new Map(),
    historyLimit: options.historyLimit ?? 1000,
    bookmarkInterval: options.bookmarkInterval ?? Duration.minutes(1)
  }
})

/** A store whose state belongs to the caller, so that the caller can replace it, for example by a backup. */
export const storeOf = (storage: Storage): typeof ObjectStore.Service =>
  ObjectStore.of({
    resourceVersion: Effect.sync(() => storage.version),
    list: list(storage),
    get: (type, key) => Effect.sync(() => Option.fromNullishOr(collectionOf(storage, type).stored.get(key))),
    create: create(storage),
    update: update(storage),
    remove: remove(storage),
    watch: watch(storage),
    compact: (type) => Effect.sync(() => compact(storage, type)),
    close: (type) => Effect.sync(() => close(storage, type)),
    openWatches: Effect.sync(() =>
      [...storage.collections.values()].reduce((sum, { watchers }) => sum + watchers.size, 0)
    )
  })

/** An empty store. */
export const layer = (options: InMemoryObjectStoreOptions = {}): Layer.Layer<ObjectStore> =>
  Layer.effect(ObjectStore, Effect.map(makeStorage(options), storeOf))
