/**
 * The contract with the Kubernetes API: watch a set of objects, read, create, write a status, record an event. Watch
 * verbs, resource versions, 410 and reconnects stay behind this contract. A watch gives the whole current set after
 * each change, so its users depend on the present state only.
 */
import { Context, type Duration, type Effect, type Option, Schema, type Stream, type Tracer } from "effect"
import type { KubernetesObject, ResourceType } from "./KubernetesObject.ts"

/** Why a request did not succeed. */
export const KubernetesApiReason = Schema.Literals([
  /** 404: the object does not exist, or its kind does not (the CRD is not installed yet). */
  "NotFound",
  /** 409: somebody else has written in between, or the object exists already. */
  "Conflict",
  /** 410: the resourceVersion is too old; a new list is needed. */
  "Gone",
  /** 401 or 403: the token is refused, or RBAC grants no right. */
  "Denied",
  /** 400 or 422: the server does not accept the content. */
  "Invalid",
  /** 429: the server asks to wait. */
  "TooManyRequests",
  /** 5xx, refused, reset, timed out, TLS. */
  "Unreachable",
  /** The answer is not what the API promises. */
  "Malformed"
])
export type KubernetesApiReason = typeof KubernetesApiReason.Type

/** A failed request. `status` is the HTTP status, if there was an answer. */
export class KubernetesApiError extends Schema.TaggedError<KubernetesApiError>()("KubernetesApiError", {
  reason: KubernetesApiReason,
  verb: Schema.String,
  path: Schema.String,
  detail: Schema.String,
  status: Schema.optionalKey(Schema.Int),
  retryAfterSeconds: Schema.optionalKey(Schema.Number)
}) {
  override get message(): string {
    return `${this.verb} ${this.path}: ${this.status ?? this.reason}: ${this.detail}`
  }
}

/** What made a set change. Traces and the change-to-running histogram need it. */
export interface WatchedChange {
  readonly type: "LISTED" | "ADDED" | "MODIFIED" | "DELETED"
  /** Name of the object; empty for LISTED. */
  readonly name: string
  readonly generation: number | undefined
  readonly resourceVersion: string
  /** When the event was read, in nanoseconds of the monotonic clock. */
  readonly receivedAtNanos: bigint
  /**
   * In a traced watch: the root span of the change's trace. It has ended when the set is delivered; further spans
   * become its children.
   */
  readonly span: Option.Option<Tracer.AnySpan>
}

/** All objects of a kind as last known, sorted by name, and the change that led to this set. */
export interface WatchedSet {
  readonly objects: ReadonlyArray<KubernetesObject>
  readonly change: WatchedChange
}

/** One watch, and how long ago the server last sent something on it (event, bookmark, list). */
export interface WatchAge {
  readonly resource: string
  readonly age: Duration.Duration
}

/** Which objects of a kind `watchAll` watches, and how. */
export interface WatchAllOptions {
  /** Only the object of this name (`fieldSelector=metadata.name=…`). */
  readonly name?: string
  /** Ask for PartialObjectMetadata: metadata without spec and status. */
  readonly metadataOnly?: boolean
  /**
   * Begin a trace for each change. Only for objects that people write; the daemon's own writes come back too and are
   * not worth a trace.
   */
  readonly traced?: boolean
}

/** An `events.k8s.io/v1` event about the node's NodePTPDev, with one of five reasons. */
export interface NodeEvent {
  readonly type: "Normal" | "Warning"
  readonly reason: "ProfileApplied" | "ProfileRejected" | "ProcessCrashLoop" | "ClockLocked" | "ClockLost"
  readonly note: string
  readonly regarding: KubernetesObject
}

export class KubernetesApi extends Context.Service<KubernetesApi, {
  /**
   * The whole current set: first after the LIST (even if it is empty), then after each event. Never ends and never
   * fails: after a failure it is tried again with a back-off, and `watches` shows the age. Namespaced kinds are read in
   * the daemon's own namespace.
   */
  readonly watchAll: (resource: ResourceType, options?: WatchAllOptions) => Stream.Stream<WatchedSet>
  /** Every object of the kind in the daemon's namespace, once. */
  readonly list: (resource: ResourceType) => Effect.Effect<ReadonlyArray<KubernetesObject>, KubernetesApiError>
  /** `None` if the object or its kind does not exist. */
  readonly get: (
    resource: ResourceType,
    name: string
  ) => Effect.Effect<Option.Option<KubernetesObject>, KubernetesApiError>
  /** Creates an object as given (apiVersion, kind and namespace are filled in) and returns what the server stored. */
  readonly create: (
    resource: ResourceType,
    object: { readonly metadata: { readonly name: string } } & Schema.JsonObject
  ) => Effect.Effect<KubernetesObject, KubernetesApiError>
  /**
   * Merge-patches the status subresource (RFC 7396): fields that are absent in `status` stay, `null` removes a field.
   * With a `resourceVersion` it fails with `Conflict` if the object has another version by then.
   */
  readonly patchStatus: (
    resource: ResourceType,
    name: string,
    status: Schema.JsonObject,
    resourceVersion?: string
  ) => Effect.Effect<KubernetesObject, KubernetesApiError>
  /**
   * Records an event. The layer joins repeated events and limits their rate. It logs a failure and never returns it.
   */
  readonly recordEvent: (event: NodeEvent) => Effect.Effect<void>
  /** Every open watch and its age. */
  readonly watches: Effect.Effect<ReadonlyArray<WatchAge>>
}>()("linuxptp-daemon/services/kubernetes/KubernetesApi") {}
