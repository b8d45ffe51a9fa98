/**
 * Strategic merge patch, which kubectl sends for built-in kinds: lists of objects merge by their key, and directives
 * (`$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…`) say the rest. `$setElementOrder/…` is accepted and dropped:
 * order has no meaning in the lists that this server stores.
 */
import { isList, isObject, type Json, type JsonObject, listAt, textAt } from "./JsonTree.ts"
import { itemKey, type ListKeys, listKeysOf } from "./ListKeys.ts"
import type { ServedKind } from "./ServedKind.ts"

const deletion = "$deleteFromPrimitiveList/"

/** Applies the patch to an object of the kind. */
export const strategicMergePatch = (kind: ServedKind, target: Json, patch: Json): Json =>
  merge({ kind, listKeys: listKeysOf(kind) }, target, patch, [])

interface Rules {
  readonly kind: ServedKind
  readonly listKeys: ListKeys
}

const merge = (rules: Rules, target: Json | undefined, patch: Json, path: ReadonlyArray<string>): Json => {
  if (isList(patch)) return mergeLists(rules, isList(target) ? target : [], patch, path)
  if (!isObject(patch)) return patch
  if (textAt(patch, "$patch") === "replace") return withoutDirectives(patch)
  if (textAt(patch, "$patch") === "delete") return null
  return mergeObjects(rules, isObject(target) ? target : {}, patch, path)
}

const mergeObjects = (rules: Rules, target: JsonObject, patch: JsonObject, path: ReadonlyArray<string>): JsonObject => {
  const retained = Object.hasOwn(patch, "$retainKeys") ? listAt(patch, "$retainKeys") : undefined
  const merged = new Map(Object.entries(target).filter(([key]) => retained === undefined || retained.includes(key)))
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(deletion)) {
      const field = key.slice(deletion.length)
      const gone = isList(value) ? value : []
      merged.set(field, listAt(Object.fromEntries(merged), field).filter((item) => !gone.includes(item)))
    } else if (!key.startsWith("$")) {
      const result = merge(rules, merged.get(key), value, [...path, key])
      if (result === null) merged.delete(key)
      else merged.set(key, result)
    }
  }
  return Object.fromEntries(merged)
}

const mergeLists = (
  rules: Rules,
  target: ReadonlyArray<Json>,
  patch: ReadonlyArray<Json>,
  path: ReadonlyArray<string>
): Json => {
  const keys = rules.listKeys(path)
  const items = patch.filter((item) => !(isObject(item) && Object.keys(item).join() === "$patch"))
  const replaces = patch.some((item) => textAt(item, "$patch") === "replace")
  if (path.at(-1) === "finalizers") return [...new Set([...target, ...items])]
  if (keys.length === 0 || replaces) return items.map(withoutDirectives)
  const merged = new Map(target.map((item, index) => [itemKey(rules.kind, keys, item) ?? String(index), item]))
  for (const item of items) {
    const key = itemKey(rules.kind, keys, item) ?? `new ${merged.size}`
    if (textAt(item, "$patch") === "delete") merged.delete(key)
    else merged.set(key, merge(rules, merged.get(key), item, path))
  }
  return [...merged.values()]
}

const withoutDirectives = (value: Json): Json => {
  if (isList(value)) return value.map(withoutDirectives)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).filter(([key, field]) => !key.startsWith("$") && field !== null)
      .map(([key, field]) => [key, withoutDirectives(field)])
  )
}
