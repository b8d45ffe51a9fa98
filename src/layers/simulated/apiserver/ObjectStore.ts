/**
 * The contract of the embedded API server's storage, as etcd and the watch cache give it to kube-apiserver: one
 * resourceVersion counter for everything, optimistic concurrency, and a bounded history that watches resume from.
 * It knows metadata and nothing else of an object; admission and validation happen before it.
 */
import { Context, type Duration, type Effect, type Option, type Result, type Stream } from "effect"
import type { ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import type { ApiStatusError } from "./ApiStatusError.ts"
import type { JsonObject } from "./JsonTree.ts"

/** Names one object. `namespace` is empty for objects of the cluster. */
export interface ObjectKey {
  readonly namespace: string
  readonly name: string
}

/** The objects of a kind, sorted by namespace and name, and the version at which they were exactly these. */
export interface Snapshot {
  readonly resourceVersion: number
  readonly objects: ReadonlyArray<JsonObject>
}

/** One change. `previous` is what selectors need to tell an object that left a selection from one never in it. */
export interface StoredEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED"
  readonly resourceVersion: number
  readonly object: JsonObject
  readonly previous: JsonObject | undefined
}

/** Changes up to a version, in order. Without any it says that nothing happened: the substance of a bookmark. */
export interface WatchStep {
  readonly events: ReadonlyArray<StoredEvent>
  readonly resourceVersion: number
}

export interface WriteOptions {
  /** Answer as if written, and write nothing. */
  readonly dryRun: boolean
}

/** What must be true of the object for it to be deleted. */
export interface Preconditions extends WriteOptions {
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
}

/** Turns the present object into the next one, or refuses; runs atomically. */
export type Change = (current: JsonObject) => Result.Result<JsonObject, ApiStatusError>

/** Whether a watch has anything to say about an event. */
export type Concern = (event: StoredEvent) => boolean

/** What a watch is about. */
export interface WatchOptions {
  /** It begins with the first change after this version, which may be still to come. */
  readonly after: number
  readonly concerns: Concern
  /** The only object whose events can concern it; what happens to others then costs it nothing. */
  readonly only?: ObjectKey | undefined
  /** How long it will be listened to: shortly before, it tells how far it came. */
  readonly lastsFor: Duration.Duration
}

export class ObjectStore extends Context.Service<ObjectStore, {
  /** The version of the last write. */
  readonly resourceVersion: Effect.Effect<number>
  /**
   * The objects now, or as they were at a version: Expired when that is forgotten, Timeout when it is to come. With a
   * key, that object or none.
   */
  readonly list: (type: ResourceType, at?: number, only?: ObjectKey) => Effect.Effect<Snapshot, ApiStatusError>
  readonly get: (type: ResourceType, key: ObjectKey) => Effect.Effect<Option.Option<JsonObject>>
  /** Stores a new object with uid, creationTimestamp, generation 1 and a resourceVersion; AlreadyExists otherwise. */
  readonly create: (
    type: ResourceType,
    object: JsonObject,
    options: WriteOptions
  ) => Effect.Effect<JsonObject, ApiStatusError>
  /**
   * Replaces an object by what `change` makes of it. A change that changes nothing writes nothing; one outside
   * metadata and status raises the generation; one that names an old resourceVersion or another uid is a Conflict;
   * one that removes the last finalizer of an object under deletion deletes it.
   */
  readonly update: (
    type: ResourceType,
    key: ObjectKey,
    change: Change,
    options: WriteOptions
  ) => Effect.Effect<JsonObject, ApiStatusError>
  /** Deletes an object, or with finalizers marks it as under deletion; answers with its last state. */
  readonly remove: (
    type: ResourceType,
    key: ObjectKey,
    preconditions: Preconditions
  ) => Effect.Effect<JsonObject, ApiStatusError>
  /**
   * What concerns it after a version, live: batches of events, and one without any once in a bookmark interval and
   * shortly before its end.
   */
  readonly watch: (type: ResourceType, options: WatchOptions) => Stream.Stream<WatchStep, ApiStatusError>
  /** Forgets the kind's history: watches that resume from before now get 410, and open ones with their next event. */
  readonly compact: (type: ResourceType) => Effect.Effect<void>
  /** Ends the watches of a kind that is no longer served, after they delivered what happened before; drops the rest. */
  readonly close: (type: ResourceType) => Effect.Effect<void>
  /** How many watches are under way. */
  readonly openWatches: Effect.Effect<number>
}>()("linuxptp-daemon/layers/simulated/apiserver/ObjectStore") {}
