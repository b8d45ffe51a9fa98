/**
 * The contract of the embedded API server's storage. It offers what etcd and the watch cache offer to kube-apiserver:
 * one resourceVersion counter for everything, optimistic concurrency, and a limited history from which watches resume.
 * It knows only an object's metadata; admission and validation happen before.
 */
import { Context, type Duration, type Effect, type Option, type Result, type Stream } from "effect"
import type { ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import type { ApiStatusError } from "./ApiStatusError.ts"
import type { JsonObject } from "./JsonTree.ts"

/** Names one object. `namespace` is empty for cluster-wide objects. */
export interface ObjectKey {
  readonly namespace: string
  readonly name: string
}

/** The objects of a kind, sorted by namespace and name, and the version at which this was their state. */
export interface Snapshot {
  readonly resourceVersion: number
  readonly objects: ReadonlyArray<JsonObject>
}

/** One change. A selector needs `previous` to see whether the object was in the selection before. */
export interface StoredEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED"
  readonly resourceVersion: number
  readonly object: JsonObject
  readonly previous: JsonObject | undefined
}

/**
 * Changes up to a version, in order. A step without changes says that nothing happened up to this version; it becomes a
 * bookmark.
 */
export interface WatchStep {
  readonly events: ReadonlyArray<StoredEvent>
  readonly resourceVersion: number
}

export interface WriteOptions {
  /** Answers as if the object was written, but writes nothing. */
  readonly dryRun: boolean
}

/** Conditions under which the object may be deleted. */
export interface Preconditions extends WriteOptions {
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
}

/** Makes the next object from the present one, or refuses. It runs atomically. */
export type Change = (current: JsonObject) => Result.Result<JsonObject, ApiStatusError>

/** Whether an event concerns a watch. */
export type Concern = (event: StoredEvent) => boolean

/** What a watch wants to see. */
export interface WatchOptions {
  /** It begins with the first change after this version. The version may be in the future. */
  readonly after: number
  readonly concerns: Concern
  /** The only object that the watch is about. Changes of other objects then cost it nothing. */
  readonly only?: ObjectKey | undefined
  /** How long the watch will be open. Shortly before its end it sends a last bookmark. */
  readonly lastsFor: Duration.Duration
}

export class ObjectStore extends Context.Service<ObjectStore, {
  /** The version of the last write. */
  readonly resourceVersion: Effect.Effect<number>
  /**
   * The objects now, or as they were at a version. Fails with Expired if that version is forgotten, with Timeout if it
   * is in the future. With a key, the result has that object only, or none.
   */
  readonly list: (type: ResourceType, at?: number, only?: ObjectKey) => Effect.Effect<Snapshot, ApiStatusError>
  readonly get: (type: ResourceType, key: ObjectKey) => Effect.Effect<Option.Option<JsonObject>>
  /**
   * Stores a new object and sets uid, creationTimestamp, generation 1 and a resourceVersion. Fails with AlreadyExists
   * if it exists.
   */
  readonly create: (
    type: ResourceType,
    object: JsonObject,
    options: WriteOptions
  ) => Effect.Effect<JsonObject, ApiStatusError>
  /**
   * Replaces an object by the result of `change`. If nothing changes, nothing is written. A change outside of metadata
   * and status raises the generation. An old resourceVersion or another uid is a Conflict. If the last finalizer of an
   * object under deletion is removed, the object is deleted.
   */
  readonly update: (
    type: ResourceType,
    key: ObjectKey,
    change: Change,
    options: WriteOptions
  ) => Effect.Effect<JsonObject, ApiStatusError>
  /** Deletes an object, or marks it as under deletion if it has finalizers. Returns its last state. */
  readonly remove: (
    type: ResourceType,
    key: ObjectKey,
    preconditions: Preconditions
  ) => Effect.Effect<JsonObject, ApiStatusError>
  /**
   * The changes after a version that concern the watch, in batches as they happen. An empty batch comes once per
   * bookmark interval and shortly before the end of the watch.
   */
  readonly watch: (type: ResourceType, options: WatchOptions) => Stream.Stream<WatchStep, ApiStatusError>
  /**
   * Forgets the history of the kind. Watches that resume from an earlier version get 410, and open watches get it with
   * their next event.
   */
  readonly compact: (type: ResourceType) => Effect.Effect<void>
  /**
   * Ends the watches of a kind that is no longer served, after they have delivered what happened before. Then
   * everything about the kind is dropped.
   */
  readonly close: (type: ResourceType) => Effect.Effect<void>
  /** The number of open watches. */
  readonly openWatches: Effect.Effect<number>
}>()("linuxptp-daemon/layers/simulated/apiserver/ObjectStore") {}
