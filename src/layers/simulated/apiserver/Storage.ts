/**
 * The state of `InMemoryObjectStore`: one version counter, a collection per kind, and the watches. Its functions are
 * synchronous, so each is atomic. A write only wakes the watches that it concerns; with thousands of nodes, each watch
 * is about one object of a kind.
 */
import type { Duration } from "effect"
import type { ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import { type JsonObject, withMetadata } from "./JsonTree.ts"
import type { StoredEvent } from "./ObjectStore.ts"
import { qualifiedResource } from "./ServedKind.ts"
import { keyOf, StoredCollection } from "./StoredCollection.ts"
import { Watchers } from "./Watchers.ts"

export interface Collection {
  readonly stored: StoredCollection
  readonly watchers: Watchers
  isClosed: boolean
}

/** The whole state of the store. All functions on it are synchronous, so each is atomic. */
export interface Storage {
  version: number
  readonly collections: Map<string, Collection>
  readonly historyLimit: number
  readonly bookmarkInterval: Duration.Duration
}

/** The collection of a kind; empty if the kind was never used. */
export const collectionOf = (storage: Storage, type: ResourceType): Collection => {
  const name = qualifiedResource(type)
  const known = storage.collections.get(name)
  if (known !== undefined) return known
  const stored = new StoredCollection({ startsAt: storage.version, historyLimit: storage.historyLimit })
  const made: Collection = { stored, watchers: new Watchers(), isClosed: false }
  storage.collections.set(name, made)
  return made
}

/** Counts a change, applies it and wakes the watches that it concerns. Returns the stored object. */
export const record = (
  storage: Storage,
  collection: Collection,
  change: Omit<StoredEvent, "resourceVersion">
): JsonObject => {
  storage.version += 1
  const object = withMetadata(change.object, { resourceVersion: String(storage.version) })
  const event: StoredEvent = { ...change, object, resourceVersion: storage.version }
  collection.stored.record(event)
  collection.watchers.tell(keyOf(object), event)
  return object
}

/** Forgets the history of the kind. An open watch keeps its position but cannot continue from it. */
export const compact = (storage: Storage, type: ResourceType): void => {
  const { stored, watchers } = collectionOf(storage, type)
  watchers.stayAt(stored.lastVersion)
  stored.compact(storage.version)
}

/** Forgets the kind. Its watches end after they have delivered what happened before. */
export const close = (storage: Storage, type: ResourceType): void => {
  const collection = collectionOf(storage, type)
  collection.isClosed = true
  storage.collections.delete(qualifiedResource(type))
  collection.watchers.wakeAll()
}
