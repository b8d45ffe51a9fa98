/**
 * Checks that items of lists of type `map` and `set` are unique (x-kubernetes-list-type; structural schema, listtype).
 */
import type { FieldCause } from "./ApiStatusError.ts"
import { isList, isObject, type Json, type JsonObject, objectAt, textAt, textsAt } from "./JsonTree.ts"

/** The repeated items in the value and everything below it. */
export const duplicates = (schema: Json, value: Json, path: string): ReadonlyArray<FieldCause> => {
  if (isObject(value)) {
    const additional = objectAt(schema, "additionalProperties")
    return Object.entries(value).flatMap(([key, field]) => {
      const properties = objectAt(schema, "properties")
      const property = Object.hasOwn(properties, key) ? properties[key] ?? additional : additional
      return duplicates(property, field, path === "" ? key : `${path}.${key}`)
    })
  }
  if (!isList(value)) return []
  const times = new Map<string, number>()
  const listType = textAt(schema, "x-kubernetes-list-type")
  const keys = listType === "map" ? textsAt(schema, "x-kubernetes-list-map-keys") : []
  return value.flatMap((item, index) => {
    const nested = duplicates(objectAt(schema, "items"), item, `${path}[${index}]`)
    if (keys.length === 0 && listType !== "set") return nested
    if (keys.length > 0 && !isObject(item)) {
      const message = `Invalid value: ${JSON.stringify(item)}: must be an object for an array of list-type map`
      return item === null ? nested : [...nested, { reason: "FieldValueInvalid", field: `${path}[${index}]`, message }]
    }
    const identity = JSON.stringify(listType === "set" ? item : identityOf(item, keys))
    const before = times.get(identity) ?? 0
    times.set(identity, before + 1)
    // Each repeated item is reported once, however often it occurs.
    if (before !== 1) return nested
    const field = `${path}[${index}]`
    return [...nested, { reason: "FieldValueDuplicate", field, message: `Duplicate value: ${identity}` }]
  })
}

const identityOf = (item: Json, keys: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(Object.entries(isObject(item) ? item : {}).filter(([key]) => keys.includes(key)))
