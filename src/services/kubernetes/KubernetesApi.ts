/**
 * The contract with the Kubernetes API: watch a whole set, read, create, write a status, record an event.
 * Watch verbs, resource versions, 410 and reconnects stay behind it; what comes out is level-based by type.
 */
import { Context, type Duration, type Effect, type Option, Schema, type Stream, type Tracer } from "effect"
import type { KubernetesObject, ResourceType } from "./KubernetesObject.ts"

/** Why a request was not answered with success. */
export const KubernetesApiReason = Schema.Literals([
  /** 404: the object, or its kind (a CRD that is not installed yet), is not there. */
  "NotFound",
  /** 409: somebody else wrote in between, or the object exists already. */
  "Conflict",
  /** 410: the resourceVersion is too old; list again. */
  "Gone",
  /** 401 or 403: token or RBAC. */
  "Denied",
  /** 400 or 422: the server does not accept what was sent. */
  "Invalid",
  /** 429: the server asks for patience. */
  "TooManyRequests",
  /** 5xx, refused, reset, timed out, TLS. */
  "Unreachable",
  /** An answer that is not what the API promises. */
  "Malformed"
])
export type KubernetesApiReason = typeof KubernetesApiReason.Type

/** A request failed. `status` is the HTTP status where there was one. */
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

/** What made a set change, for traces and for the change-to-running histogram. */
export interface WatchedChange {
  readonly type: "LISTED" | "ADDED" | "MODIFIED" | "DELETED"
  /** Name of the object; empty for LISTED. */
  readonly name: string
  readonly generation: number | undefined
  readonly resourceVersion: string
  /** When the event was read, in nanoseconds of the monotonic clock. */
  readonly receivedAtNanos: bigint
  /** Root span of the change's trace, in a traced watch; it has ended when the set is delivered, children hang on it. */
  readonly span: Option.Option<Tracer.AnySpan>
}

/** All objects of a kind as last known, sorted by name, and the event that made it so. */
export interface WatchedSet {
  readonly objects: ReadonlyArray<KubernetesObject>
  readonly change: WatchedChange
}

/** One watch and how long ago the server last said something on it (event, bookmark, list). */
export interface WatchAge {
  readonly resource: string
  readonly age: Duration.Duration
}

/** What of a kind `watchAll` watches, and how. */
export interface WatchAllOptions {
  /** Only the object of this name (`fieldSelector=metadata.name=…`). */
  readonly name?: string
  /** Ask for PartialObjectMetadata: metadata without spec and status. */
  readonly metadataOnly?: boolean
  /** Begin a trace with each change. Only for what people write: the echo of an own write is no story. */
  readonly traced?: boolean
}

/** An `events.k8s.io/v1` event on the node's NodePTPDev. `reason` is one of contract section 4's five. */
export interface NodeEvent {
  readonly type: "Normal" | "Warning"
  readonly reason: "ProfileApplied" | "ProfileRejected" | "ProcessCrashLoop" | "ClockLocked" | "ClockLost"
  readonly note: string
  readonly regarding: KubernetesObject
}

export class KubernetesApi extends Context.Service<KubernetesApi, {
  /**
   * The whole current set: first after the LIST (also when it is empty), then after each event.
   * It never ends and never fails: every failure is retried with back-off, and shows in `watches` as age.
   * Namespaced kinds are read in the daemon's own namespace.
   */
  readonly watchAll: (resource: ResourceType, options?: WatchAllOptions) => Stream.Stream<WatchedSet>
  /** Every object of the kind in the daemon's namespace, once. */
  readonly list: (resource: ResourceType) => Effect.Effect<ReadonlyArray<KubernetesObject>, KubernetesApiError>
  /** `None` when the object, or its kind, is not there. */
  readonly get: (
    resource: ResourceType,
    name: string
  ) => Effect.Effect<Option.Option<KubernetesObject>, KubernetesApiError>
  /** Creates an object as given (apiVersion, kind and namespace are filled in) and returns what the server stored. */
  readonly create: (
    resource: ResourceType,
    object: { readonly metadata: { readonly name: string } } & Schema.JsonObject
  ) => Effect.Effect<KubernetesObject, KubernetesApiError>
  /** Merge-patches the status subresource (RFC 7396): fields that are absent in `status` stay, `null` removes. */
  readonly patchStatus: (
    resource: ResourceType,
    name: string,
    status: Schema.JsonObject
  ) => Effect.Effect<KubernetesObject, KubernetesApiError>
  /** Records an event; deduplication and rate limits are the layer's. A failure is logged there, never returned. */
  readonly recordEvent: (event: NodeEvent) => Effect.Effect<void>
  /** Every watch under way and its age. */
  readonly watches: Effect.Effect<ReadonlyArray<WatchAge>>
}>()("linuxptp-daemon/services/kubernetes/KubernetesApi") {}
