/**
 * What all Kubernetes objects have in common: their metadata, and the standard conditions of a status. Everything else
 * stays undecoded JSON until the module for the kind reads it. So one object with a mistake never hides the others.
 */
import { Schema } from "effect"

/** The metadata fields that the daemon reads. Other fields, such as managedFields, are dropped. */
export const ObjectMeta = Schema.Struct({
  name: Schema.String,
  namespace: Schema.optionalKey(Schema.String),
  uid: Schema.optionalKey(Schema.String),
  resourceVersion: Schema.optionalKey(Schema.String),
  generation: Schema.optionalKey(Schema.Int),
  labels: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  creationTimestamp: Schema.optionalKey(Schema.NullOr(Schema.String))
})
export type ObjectMeta = typeof ObjectMeta.Type

/** An object as it was received: metadata is decoded, the rest is JSON. */
export const KubernetesObject = Schema.StructWithRest(Schema.Struct({ metadata: ObjectMeta }), [
  Schema.Record(Schema.String, Schema.Json)
])
export type KubernetesObject = typeof KubernetesObject.Type

/** A standard condition (Kubernetes API conventions, "typical status properties"), without observedGeneration. */
export const Condition = Schema.Struct({
  type: Schema.String,
  status: Schema.Literals(["True", "False", "Unknown"]),
  reason: Schema.String,
  message: Schema.String,
  lastTransitionTime: Schema.String
})
export type Condition = typeof Condition.Type

/** Names a kind for the API server. `group` is empty for the core group. */
export interface ResourceType {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

/** The `apiVersion` in objects of the kind, such as `v1` or `ptp.openshift.io/v1`. */
export const apiVersionOf = ({ group, version }: Pick<ResourceType, "group" | "version">): string =>
  group === "" ? version : `${group}/${version}`
