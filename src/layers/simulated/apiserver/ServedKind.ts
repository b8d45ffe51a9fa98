/**
 * A kind as the embedded API server serves it: its names, its table columns and, for kinds of a
 * CustomResourceDefinition, its schema. Built-in kinds stand in `BuiltInKinds`.
 */
import { apiVersionOf, type ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import type { Json, JsonObject } from "./JsonTree.ts"
import { readBySchema } from "./StructuralSchema.ts"

/** One column of `kubectl get`. `cell` is given the wall time for ages, in milliseconds. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  /** 0 is always shown, more only with `-o wide`. */
  readonly priority: number
  readonly cell: (object: JsonObject, nowMillis: number) => Json
}

/** Reads and writes another kind's storage: core/v1 and events.k8s.io/v1 events are the same objects. */
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
  /** The structural schema of a custom resource; absent for built-in kinds, which are stored as they come. */
  readonly schema?: JsonObject
  /** Fields that a field selector may name beside metadata.name and metadata.namespace. */
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

/** The object as this kind's version shows it, with apiVersion and kind filled in. */
export const presented = (kind: ServedKind, stored: JsonObject): JsonObject => {
  const read = kind.schema === undefined ? stored : readBySchema(kind.schema, stored)
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = kind.sharedStorage?.fromStored(read) ?? read
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, ...rest }
}
