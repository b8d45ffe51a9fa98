/**
 * Reads and changes undecoded JSON without mutation. The embedded API server stores objects as JSON, because
 * CustomResourceDefinitions add kinds while it runs. This file decodes and validates nothing.
 */
import type { Schema } from "effect"

export type Json = Schema.Json
export type JsonObject = Schema.JsonObject

/** Whether the value is an object and not a list, null or absent. */
export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Whether the value is a list. */
export const isList = (value: Json | undefined): value is ReadonlyArray<Json> => Array.isArray(value)

/** The value at the path of keys, or nothing. Inherited properties (`__proto__`, `constructor`) are never found. */
export const at = (value: Json | undefined, ...keys: ReadonlyArray<string>): Json | undefined => {
  let found = value
  for (const key of keys) {
    if (!isObject(found) || !Object.hasOwn(found, key)) return undefined
    found = found[key]
  }
  return found
}

/** The object at the path of keys; an empty one if there is none. */
export const objectAt = (value: Json | undefined, ...keys: ReadonlyArray<string>): JsonObject => {
  const found = at(value, ...keys)
  return isObject(found) ? found : {}
}

/** The list at the path of keys; an empty one if there is none. */
export const listAt = (value: Json | undefined, ...keys: ReadonlyArray<string>): ReadonlyArray<Json> => {
  const found = at(value, ...keys)
  return isList(found) ? found : []
}

/** The text at the path of keys; an empty text if there is none. */
export const textAt = (value: Json | undefined, ...keys: ReadonlyArray<string>): string => {
  const found = at(value, ...keys)
  return typeof found === "string" ? found : ""
}

/** The texts in the list at the path of keys. */
export const textsAt = (value: Json | undefined, ...keys: ReadonlyArray<string>): ReadonlyArray<string> =>
  listAt(value, ...keys).filter((item) => typeof item === "string")

/**
 * The object with the field set, or without it if the value is absent. It works on own properties only, including
 * `__proto__`.
 */
export const withField = (object: JsonObject, key: string, value: Json | undefined): JsonObject =>
  Object.fromEntries([
    ...Object.entries(object).filter(([other]) => other !== key || value !== undefined)
      .map(([other, old]) => [other, other === key && value !== undefined ? value : old] as const),
    ...(value === undefined || Object.hasOwn(object, key) ? [] : [[key, value] as const])
  ])

/** The object with changed metadata fields. An absent value removes the field. */
export const withMetadata = (
  object: JsonObject,
  fields: Readonly<Record<string, Json | undefined>>
): JsonObject => {
  let metadata = objectAt(object, "metadata")
  for (const [key, value] of Object.entries(fields)) metadata = withField(metadata, key, value)
  return withField(object, "metadata", metadata)
}
