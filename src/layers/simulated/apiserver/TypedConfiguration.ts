/**
 * What server-side apply says of a configuration that the schema does not know: fields are not dropped there, because
 * their manager would own what is not stored (sigs.k8s.io/structured-merge-diff, typed). Values of a wrong type are
 * left to the schema's validation.
 */
import { isList, isObject, type Json, type JsonObject, objectAt, textAt, textsAt } from "./JsonTree.ts"
import { keyText } from "./ListKeys.ts"

/** The first field that the schema does not declare, or item without its keys. */
export const undeclaredField = (schema: JsonObject, configuration: JsonObject): string | undefined => {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...content } = configuration
  return first(schema, content, "")
}

const first = (schema: JsonObject, value: Json, path: string): string | undefined => {
  if (isList(value)) return firstOfList(schema, value, path)
  if (!isObject(value)) return undefined
  const properties = objectAt(schema, "properties")
  const additional = schema["additionalProperties"]
  const isFree = schema["x-kubernetes-preserve-unknown-fields"] === true || additional === true
  for (const [key, field] of Object.entries(value)) {
    const declared = Object.hasOwn(properties, key) ? properties[key] : additional
    if (!isObject(declared) && isFree) continue
    const fault = isObject(declared)
      ? first(declared, field, `${path}.${key}`)
      : `${path}.${key}: field not declared in schema`
    if (fault !== undefined) return fault
  }
  return undefined
}

const firstOfList = (schema: JsonObject, items: ReadonlyArray<Json>, path: string): string | undefined => {
  const keys = textAt(schema, "x-kubernetes-list-type") === "map" ? textsAt(schema, "x-kubernetes-list-map-keys") : []
  for (const [index, item] of items.entries()) {
    const given = Object.entries(isObject(item) ? item : {}).filter(([key]) => keys.includes(key))
    if (keys.length > 0 && given.length === 0 && isObject(item)) {
      const what = `[${keys.map((key) => JSON.stringify(key)).join(" ")}]`
      return `${path}: element ${index}: associative list with keys has an element that omits all key fields ${what} ` +
        "(and doesn't have default values for any key fields)"
    }
    const place = keys.length === 0 ? `[${index}]` : keyText(JSON.stringify(Object.fromEntries(given)))
    const fault = first(objectAt(schema, "items"), item, `${path}${place}`)
    if (fault !== undefined) return fault
  }
  return undefined
}
