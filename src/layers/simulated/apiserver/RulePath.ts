/**
 * The `fieldPath` of a validation rule: `.field`, `['field']` and keys of maps, relative to the value that the rule is
 * about; no items of lists (k8s.io/apiextensions-apiserver pkg/apiserver/schema/cel, ValidFieldPath).
 */
import { isObject, type JsonObject, objectAt } from "./JsonTree.ts"

const step = /\.([^.[\]]+)|\['((?:[^'\\]|\\.)+)'\]/y

/**
 * The path as errors show it, without the dot in front: a key of a map stands in brackets, as kube-apiserver prints
 * it (`m.[key]`). Nothing when it does not lead through the schema.
 */
export const parseRulePath = (schema: JsonObject, text: string): string | undefined => {
  let part = schema
  let position = 0
  let path = ""
  while (position < text.length) {
    step.lastIndex = position
    const found = step.exec(text)
    if (found === null) return undefined
    position = step.lastIndex
    const name = found[1] ?? found[2]?.replaceAll(/\\(.)/g, "$1") ?? ""
    const properties = objectAt(part, "properties")
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    const next = property ?? part["additionalProperties"]
    if (!isObject(next)) return undefined
    const isKey = property === undefined
    path += isKey ? `[${name}]` : path === "" ? name : `.${name}`
    part = next
  }
  return path
}
