/**
 * Server-side apply as a merge that records its manager in metadata.managedFields: what a manager applies is set, and
 * what it applied before and no longer does is removed unless another manager applies it too.
 * Conflicts between managers are not detected: the last one to apply wins, as with `--force-conflicts`.
 */
import { Equal } from "effect"
import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  textAt,
  withField,
  withMetadata
} from "./JsonTree.ts"
import { itemKey, type ListKeys, listKeysOf } from "./ListKeys.ts"
import { apiVersionOf, type ServedKind } from "./ServedKind.ts"

export interface Application {
  readonly kind: ServedKind
  readonly manager: string
  /** `status` when the status subresource was applied. */
  readonly subresource: string | undefined
  /** RFC 3339, wall time. */
  readonly time: string
}

/** The object after the configuration was applied to it; `current` is empty when the object is not there yet. */
export const applyPatch = (application: Application, current: JsonObject, configuration: JsonObject): JsonObject => {
  const rules = { kind: application.kind, listKeys: listKeysOf(application.kind) }
  const applied = withMetadata(configuration, { managedFields: undefined })
  const owned = ownedFields(rules, withoutIdentity(applied), [])
  const entries = listAt(current, "metadata", "managedFields")
  const previous = entries.find((entry) => isOf(application, entry))
  const others = entries.filter((entry) => entry !== previous)
  const kept = others.reduce<JsonObject>((all, entry) => union(all, objectAt(entry, "fieldsV1")), owned)
  const remaining = disown(rules, current, objectAt(previous, "fieldsV1"), kept, [])
  const merged = overlay(rules, isObject(remaining) ? remaining : {}, applied, [])
  const unchanged = previous !== undefined && Equal.equals(objectAt(previous, "fieldsV1"), owned)
  const entry = unchanged ? previous : managedFieldsEntry(application, owned)
  return withMetadata(isObject(merged) ? merged : {}, { managedFields: [...others, entry] })
}

const managedFieldsEntry = (application: Application, owned: JsonObject): JsonObject => ({
  manager: application.manager,
  operation: "Apply",
  apiVersion: apiVersionOf(application.kind),
  time: application.time,
  fieldsType: "FieldsV1",
  fieldsV1: owned,
  ...(application.subresource === undefined ? {} : { subresource: application.subresource })
})

const isOf = (application: Application, entry: Json): boolean =>
  textAt(entry, "manager") === application.manager && textAt(entry, "operation") === "Apply" &&
  textAt(entry, "subresource") === (application.subresource ?? "")

const withoutIdentity = (configuration: JsonObject): JsonObject => {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...rest } = configuration
  const { labels, annotations } = objectAt(configuration, "metadata")
  const metadata = {
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations })
  }
  return Object.keys(metadata).length === 0 ? rest : { metadata, ...rest }
}

interface Rules {
  readonly kind: ServedKind
  readonly listKeys: ListKeys
}

/** FieldsV1 of a value: `f:` fields, `k:` items of keyed lists, `{}` at the leaves. */
const ownedFields = (rules: Rules, value: Json, path: ReadonlyArray<string>): JsonObject => {
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => [`f:${key}`, ownedFields(rules, field, [...path, key])])
    )
  }
  const keys = rules.listKeys(path)
  if (!isList(value) || keys.length === 0) return {}
  return Object.fromEntries(
    value.map((
      item
    ) => [`k:${itemKey(rules.kind, keys, item) ?? "{}"}`, { ".": {}, ...ownedFields(rules, item, path) }])
  )
}

const union = (left: JsonObject, right: JsonObject): JsonObject =>
  Object.entries(right).reduce<JsonObject>(
    (all, [key, value]) => withField(all, key, union(objectAt(all, key), isObject(value) ? value : {})),
    left
  )

/** Removes what `owned` names and `kept` does not; nothing is left of an object or list that becomes empty by it. */
const disown = (
  rules: Rules,
  value: Json,
  owned: JsonObject,
  kept: JsonObject,
  path: ReadonlyArray<string>
): Json | undefined => {
  if (Object.keys(owned).length === 0) return value
  if (isObject(value)) {
    const fields = Object.entries(value).flatMap(([key, field]) => {
      const left = disownOne(rules, field, `f:${key}`, owned, kept, [...path, key])
      return left === undefined ? [] : [[key, left] as const]
    })
    return fields.length === 0 && Object.keys(value).length > 0 ? undefined : Object.fromEntries(fields)
  }
  if (!isList(value)) return value
  const keys = rules.listKeys(path)
  const items = value.flatMap((item) => {
    const left = disownOne(rules, item, `k:${itemKey(rules.kind, keys, item) ?? ""}`, owned, kept, path)
    return left === undefined ? [] : [left]
  })
  return items.length === 0 && value.length > 0 ? undefined : items
}

const disownOne = (
  rules: Rules,
  value: Json,
  name: string,
  owned: JsonObject,
  kept: JsonObject,
  path: ReadonlyArray<string>
): Json | undefined => {
  if (!Object.hasOwn(owned, name)) return value
  const nested = objectAt(owned, name)
  const isLeaf = Object.keys(nested).every((key) => key === ".")
  if (!Object.hasOwn(kept, name)) return isLeaf ? undefined : disown(rules, value, nested, {}, path)
  return disown(rules, value, nested, objectAt(kept, name), path)
}

/** Sets what is applied: objects merge, keyed lists merge item by item, everything else is replaced. */
const overlay = (rules: Rules, target: Json | undefined, applied: Json, path: ReadonlyArray<string>): Json => {
  if (isObject(applied)) {
    return Object.entries(applied).reduce<JsonObject>(
      (object, [key, value]) => withField(object, key, overlay(rules, object[key], value, [...path, key])),
      isObject(target) ? target : {}
    )
  }
  const keys = rules.listKeys(path)
  if (!isList(applied) || keys.length === 0) return applied
  const merged = new Map((isList(target) ? target : []).map((item) => [itemKey(rules.kind, keys, item), item]))
  for (const item of applied) {
    const key = itemKey(rules.kind, keys, item)
    merged.set(key, overlay(rules, merged.get(key), item, path))
  }
  return [...merged.values()]
}
