/**
 * Server-side apply: what a manager applies is set, and what it applied before and no longer does is removed unless
 * another manager owns it too. What others own is not changed unless the request forces it; then they own it no more.
 */
import { Equal, Result } from "effect"
import type { ApiStatusError } from "./ApiStatusError.ts"
import { appliedFields, changedFields, type FieldRules, fieldRulesOf, ofSubresource, toFieldsV1 } from "./FieldSets.ts"
import { isList, isObject, type Json, type JsonObject, objectAt, withField, withMetadata } from "./JsonTree.ts"
import { clientSideFields, successor, withLastApplied } from "./LastApplied.ts"
import { itemKey } from "./ListKeys.ts"
import {
  applyConflict,
  disowned,
  fieldConflicts,
  isEntryOf,
  managedEntries,
  managedEntry,
  sorted,
  type Writing
} from "./ManagedFields.ts"

export interface Application extends Writing {
  /** Takes what others own. */
  readonly force: boolean
}

/** The object after the configuration was applied to it; `current` is empty when the object is not there yet. */
export const applyPatch = (
  application: Application,
  current: JsonObject,
  configuration: JsonObject
): Result.Result<JsonObject, ApiStatusError> => {
  const rules = fieldRulesOf(application.kind)
  const applied = withMetadata(configuration, { managedFields: undefined })
  const fields = ofSubresource(application.kind, appliedFields(rules, applied), application.subresource)
  const owned = toFieldsV1(fields)
  const previous = managedEntries(current).find((entry) => isEntryOf(application, "Apply", entry))
  const others = managedEntries(current).filter((entry) => entry !== previous)
  const kept = others.reduce<JsonObject>((all, entry) => union(all, objectAt(entry, "fieldsV1")), owned)
  const remaining = disown(rules, current, objectAt(previous, "fieldsV1"), kept, [])
  const overlaid = overlay(rules, isObject(remaining) ? remaining : {}, applied, [])
  const merged = isObject(overlaid) ? overlaid : {}
  const changes = changedFields(rules, current, merged)
  const changed = ofSubresource(application.kind, changes.set, application.subresource)
  const isSuccessor = application.manager === successor
  const contested = isSuccessor ? changed.difference(clientSideFields(rules, current)) : changed
  const conflicts = fieldConflicts(others, contested)
  if (conflicts.length > 0 && !application.force) return Result.fail(applyConflict(conflicts))
  const isUnchanged = changed.size === 0 && changes.removed.size === 0 && previous !== undefined &&
    Equal.equals(objectAt(previous, "fieldsV1"), owned)
  const entry = isUnchanged ? previous : managedEntry(application, "Apply", fields)
  const managedFields = sorted([...disowned(others, changes.removed.union(changed)), entry])
  const object = isSuccessor && !isUnchanged ? withLastApplied(merged, applied) : merged
  return Result.succeed(withMetadata(object, { managedFields }))
}

const union = (left: JsonObject, right: JsonObject): JsonObject =>
  Object.entries(right).reduce<JsonObject>(
    (all, [key, value]) => withField(all, key, union(objectAt(all, key), isObject(value) ? value : {})),
    left
  )

/** Removes what `owned` names and `kept` does not; nothing is left of an object or list that becomes empty by it. */
const disown = (
  rules: FieldRules,
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
  rules: FieldRules,
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
const overlay = (rules: FieldRules, target: Json | undefined, applied: Json, path: ReadonlyArray<string>): Json => {
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
