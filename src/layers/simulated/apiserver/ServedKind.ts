/**
 * A kind as the embedded API server serves it: its names, its table columns and, for a kind of a
 * CustomResourceDefinition, its schema. The built-in kinds are in `BuiltInKinds`.
 */
import { apiVersionOf, type ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import type { Json, JsonObject } from "./JsonTree.ts"
import { readBySchema } from "./StructuralSchema.ts"

/** One column of `kubectl get`. `cell` gets the wall time in milliseconds, for ages. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  /** Columns with 0 are always shown, others only with `-o wide`. */
  readonly priority: number
  readonly cell: (object: JsonObject, nowMillis: number) => Json
}

/** Uses the storage of another kind: events of core/v1 and events.k8s.io/v1 are the same objects. */
interface SharedStorage {
  readonly type: ResourceType
  readonly fromStored: (object: JsonObject) => JsonObject
  readonly toStored: (object: JsonObject) => JsonObject
}

export interface ServedKind extends ResourceType {
  readonly singular: string
  readonly listKind: string
  readonly shortNames: ReadonlyArray<string>
  readonly categories: ReadonlyArray<string>
  readonly hasStatus: boolean
  readonly columns: ReadonlyArray<Column>
  /** The structural schema of a custom resource. Built-in kinds have none and are stored as they are. */
  readonly schema?: JsonObject
  /** Fields that a field selector may use besides metadata.name and metadata.namespace. */
  readonly selectableFields: ReadonlyArray<string>
  readonly sharedStorage?: SharedStorage
}

/** `nodes`, or `nodeptpcfgs.ptp.openshift.io`: how kube-apiserver names a resource in messages. */
export const qualifiedResource = (type: ResourceType): string =>
  type.group === "" ? type.plural : `${type.plural}.${type.group}`

/** `Node`, or `NodePTPCfg.ptp.openshift.io`: how kube-apiserver names a kind in messages. */
export const qualifiedKind = (type: ResourceType): string =>
  type.group === "" ? type.kind : `${type.kind}.${type.group}`

/** Where objects of the kind are kept. */
export const storageType = (kind: ServedKind): ResourceType => kind.sharedStorage?.type ?? kind

/** The object in the form of this kind's version, with apiVersion and kind. */
export const presented = (kind: ServedKind, stored: JsonObject): JsonObject => {
  const read = kind.schema === undefined ? stored : readBySchema(kind.schema, stored)
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = kind.sharedStorage?.fromStored(read) ?? read
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, ...rest }
}
