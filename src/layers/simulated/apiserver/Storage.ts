/**
 * The state of `InMemoryObjectStore`: one version counter, a collection per kind, and who watches it. Its steps are
 * synchronous, which makes each of them atomic. A write wakes the watches that it concerns and asks no others, because
 * on thousands of nodes each watches one object of a kind.
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

/** All of the store's state: every step on it is synchronous, hence atomic. */
export interface Storage {
  version: number
  readonly collections: Map<string, Collection>
  readonly historyLimit: number
  readonly bookmarkInterval: Duration.Duration
}

/** The kind's collection; an empty one when nothing of the kind was ever asked for. */
export const collectionOf = (storage: Storage, type: ResourceType): Collection => {
  const name = qualifiedResource(type)
  const known = storage.collections.get(name)
  if (known !== undefined) return known
  const stored = new StoredCollection({ startsAt: storage.version, historyLimit: storage.historyLimit })
  const made: Collection = { stored, watchers: new Watchers(), isClosed: false }
  storage.collections.set(name, made)
  return made
}

/** Counts a change, applies it, and wakes the watches that it concerns; returns the object as stored. */
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

/** Forgets the kind's history. Open watches are then at its last change, from where they can go on no more. */
export const compact = (storage: Storage, type: ResourceType): void => {
  const { stored, watchers } = collectionOf(storage, type)
  watchers.stayAt(stored.lastVersion)
  stored.compact(storage.version)
}

/** Forgets the kind; its watches end after they delivered what happened before. */
export const close = (storage: Storage, type: ResourceType): void => {
  const collection = collectionOf(storage, type)
  collection.isClosed = true
  storage.collections.delete(qualifiedResource(type))
  collection.watchers.wakeAll()
}
