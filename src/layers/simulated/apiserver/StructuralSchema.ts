/**
 * What a CustomResourceDefinition's structural schema does to an object before it is validated: unknown fields are
 * pruned (and named, for `fieldValidation=Strict`), as are nulls, and missing ones get their defaults
 * (Kubernetes docs: "Extend the Kubernetes API with CustomResourceDefinitions", field pruning and defaulting).
 */
import { isList, isObject, type Json, type JsonObject, objectAt } from "./JsonTree.ts"

export interface Normalized {
  readonly object: JsonObject
  /** Paths of the fields that the schema does not know, in kube-apiserver's notation (`spec.profile[0].foo`). */
  readonly unknownFields: ReadonlyArray<string>
}

const isIdentity = (key: string): boolean => key === "apiVersion" || key === "kind" || key === "metadata"

/** Prunes and defaults a custom resource; apiVersion, kind and metadata are known to every schema. */
export const normalize = (schema: JsonObject, object: JsonObject): Normalized => {
  const unknownFields: Array<string> = []
  const fields = Object.entries(object)
  const content = Object.fromEntries(fields.filter(([key]) => !isIdentity(key)))
  const identity = Object.fromEntries(fields.filter(([key]) => isIdentity(key)))
  const normalized = normalizeObject(schema, content, "", unknownFields)
  return { object: { ...identity, ...normalized }, unknownFields }
}

// A stored object is an immutable value, and what one schema makes of it is too.
const readings = new WeakMap<JsonObject, { readonly schema: JsonObject; readonly object: JsonObject }>()

/** A stored object as the schema of today has it: it may be older than the schema. */
export const readBySchema = (schema: JsonObject, stored: JsonObject): JsonObject => {
  const known = readings.get(stored)
  if (known?.schema === schema) return known.object
  const { object } = normalize(schema, stored)
  readings.set(stored, { schema, object })
  return object
}

const normalizeValue = (schema: JsonObject, value: Json, path: string, unknownFields: Array<string>): Json => {
  if (isList(value)) {
    const items = objectAt(schema, "items")
    return value.map((item, index) => normalizeValue(items, item, `${path}[${index}]`, unknownFields))
  }
  return isObject(value) ? normalizeObject(schema, value, path, unknownFields) : value
}

const normalizeObject = (
  schema: JsonObject,
  value: JsonObject,
  path: string,
  unknownFields: Array<string>
): JsonObject => {
  const properties = objectAt(schema, "properties")
  const additional = schema["additionalProperties"]
  const preserves = schema["x-kubernetes-preserve-unknown-fields"] === true || additional === true
  const fields: Array<readonly [string, Json]> = []
  for (const [key, field] of Object.entries(value)) {
    const fieldPath = path === "" ? key : `${path}.${key}`
    const property = Object.hasOwn(properties, key) ? properties[key] : additional
    if (isObject(property)) {
      // A null where the schema allows none stands for "absent".
      if (field === null && property["nullable"] !== true) continue
      fields.push([key, normalizeValue(property, field, fieldPath, unknownFields)])
    } else if (preserves) fields.push([key, field])
    else unknownFields.push(fieldPath)
  }
  for (const [key, property] of Object.entries(properties)) {
    const byDefault = isObject(property) ? property["default"] : undefined
    if (byDefault === undefined || fields.some(([name]) => name === key) || !isObject(property)) continue
    fields.push([key, normalizeValue(property, byDefault, path, unknownFields)])
  }
  return Object.fromEntries(fields)
}
