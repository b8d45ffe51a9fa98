/**
 * Which value before an update is that of a value after it. Fields belong to each other by name and items of lists of
 * type map by their keys; other lists are wholes (Kubernetes docs: "Validation ratcheting", "Transition rules").
 * So a fault that was there before, in what an update leaves as it is, does not keep anybody from updating the rest.
 */
import { Equal } from "effect"
import { at, isList, isObject, type Json, type JsonObject, textAt, textsAt } from "./JsonTree.ts"

/** The value before; nothing when there is none or it cannot be told. */
export type Before = Json | undefined

/** What `before` has for a field of the value. */
export const fieldBefore = (before: Before, name: string): Before => at(before, name)

/** What `before` has for an item of a list. */
export const itemBefore = (schema: Json, before: Before, item: Json): Before => {
  if (textAt(schema, "x-kubernetes-list-type") !== "map" || !isList(before) || !isObject(item)) return undefined
  const keys = textsAt(schema, "x-kubernetes-list-map-keys")
  return before.find((old) =>
    keys.every((key) => Equal.equals(keyValue(schema, old, key), keyValue(schema, item, key)))
  )
}

/** The value of a list's key; a key that is not given has its default. */
const keyValue = (schema: Json, item: Json, key: string): Json | undefined =>
  at(item, key) ?? at(schema, "items", "properties", key, "default")

/** Whether an update leaves as it was what stands at the path, or anything around it. */
export const isUnchangedAt = (
  schema: JsonObject,
  object: Json,
  before: Before,
  path: ReadonlyArray<string>
): boolean => {
  let value: Json | undefined = object
  let old = before
  let part: Json | undefined = schema
  for (const token of path) {
    if (old === undefined || value === undefined) return false
    if (Equal.equals(value, old)) return true
    if (isList(value)) {
      const item: Json | undefined = value[Number(token)]
      old = item === undefined ? undefined : itemBefore(part ?? {}, old, item)
      value = item
      part = at(part, "items")
    } else {
      value = at(value, token)
      old = fieldBefore(old, token)
      part = at(part, "properties", token) ?? at(part, "additionalProperties")
    }
  }
  return old !== undefined && value !== undefined && Equal.equals(value, old)
}
