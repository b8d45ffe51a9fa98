/**
 * How a CustomResourceDefinition's structural schema changes an object before it is validated: unknown fields are
 * removed (and listed, for `fieldValidation=Strict`), nulls are removed, and missing fields get their defaults
 * (Kubernetes docs: "Extend the Kubernetes API with CustomResourceDefinitions", field pruning and defaulting).
 */
import { isList, isObject, type Json, type JsonObject, objectAt } from "./JsonTree.ts"

export interface Normalized {
  readonly object: JsonObject
  /** The paths of fields that are not in the schema, in kube-apiserver's notation (`spec.profile[0].foo`). */
  readonly unknownFields: ReadonlyArray<string>
}

const isIdentity = (key: string): boolean => key === "apiVersion" || key === "kind" || key === "metadata"

/** Removes unknown fields of a custom resource and adds defaults. Every schema knows apiVersion, kind and metadata. */
export const normalize = (schema: JsonObject, object: JsonObject): Normalized => {
  const unknownFields: Array<string> = []
  const fields = Object.entries(object)
  const content = Object.fromEntries(fields.filter(([key]) => !isIdentity(key)))
  const identity = Object.fromEntries(fields.filter(([key]) => isIdentity(key)))
  const normalized = normalizeObject(schema, content, "", unknownFields)
  return { object: { ...identity, ...normalized }, unknownFields }
}

// A stored object never changes, so the result for one schema does not change either.
const readings = new WeakMap<JsonObject, { readonly schema: JsonObject; readonly object: JsonObject }>()

/** A stored object in the form of the present schema, because it may be older than the schema. */
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
      // A null where the schema does not allow one means "absent".
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
