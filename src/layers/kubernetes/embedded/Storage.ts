/**
 * The state of `InMemoryObjectStore`: one version counter, a collection per kind, and who watches it. Its steps are
 * synchronous, which makes each of them atomic. A write wakes the watches that it concerns and no others, because on
 * a thousand nodes each watches one object of a kind.
 */
import type { Duration, Latch } from "effect"
import type { ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import { type JsonObject, withMetadata } from "./JsonTree.ts"
import type { Concern, StoredEvent } from "./ObjectStore.ts"
import { qualifiedResource } from "./ServedKind.ts"
import { StoredCollection } from "./StoredCollection.ts"

export interface Watcher {
  /** Everything up to this version was delivered, or does not concern the watch. */
  cursor: number
  readonly concerns: Concern
  /** Open while there may be something to deliver. */
  readonly pending: Latch.Latch
}

export interface Collection {
  readonly stored: StoredCollection
  readonly watchers: Set<Watcher>
  /** Version of the kind's last event. */
  last: number
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
  const made: Collection = { stored, watchers: new Set(), last: storage.version, isClosed: false }
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
  for (const watcher of collection.watchers) {
    if (watcher.concerns(event)) watcher.pending.openUnsafe()
    // One that is up to date stays so, and does not fall out of the history by what does not concern it.
    else if (watcher.cursor >= collection.last) watcher.cursor = Math.max(watcher.cursor, event.resourceVersion)
  }
  collection.last = event.resourceVersion
  return object
}

/** Forgets the kind; its watches end after they delivered what happened before. */
export const close = (storage: Storage, type: ResourceType): void => {
  const collection = collectionOf(storage, type)
  collection.isClosed = true
  storage.collections.delete(qualifiedResource(type))
  for (const { pending } of collection.watchers) pending.openUnsafe()
}
