/**
 * Sets of fields, as metadata.managedFields records who set them (FieldsV1: `f:` fields, `k:` items of keyed lists,
 * `.` for what has parts and is meant itself), and which fields two objects differ in
 * (sigs.k8s.io/structured-merge-diff). Lists without keys and everything in them are one field.
 */
import { Equal } from "effect"
import { isList, isObject, type Json, type JsonObject, objectAt } from "./JsonTree.ts"
import { itemKey, type ListKeys, listKeysOf } from "./ListKeys.ts"
import type { ServedKind } from "./ServedKind.ts"

/** Paths of fields. A path is the JSON of its steps, so that equal paths are equal texts. */
export type FieldSet = ReadonlySet<string>

export interface FieldRules {
  readonly kind: ServedKind
  readonly listKeys: ListKeys
}

export const fieldRulesOf = (kind: ServedKind): FieldRules => ({ kind, listKeys: listKeysOf(kind) })

/** The steps of a path. */
export const stepsOf = (path: string): ReadonlyArray<string> => JSON.parse(path)

/** What a set that is stored in managedFields contains. */
export const fromFieldsV1 = (tree: JsonObject): FieldSet => {
  const set = new Set<string>()
  const read = (node: JsonObject, steps: ReadonlyArray<string>): void => {
    const parts = Object.keys(node).filter((step) => step !== ".")
    if (steps.length > 0 && (parts.length === 0 || Object.hasOwn(node, "."))) set.add(JSON.stringify(steps))
    for (const step of parts) read(objectAt(node, step), [...steps, step])
  }
  read(tree, [])
  return set
}

interface Branch {
  isMember: boolean
  readonly parts: Map<string, Branch>
}

const written = ({ isMember, parts }: Branch): JsonObject => ({
  ...(isMember && parts.size > 0 ? { ".": {} } : {}),
  ...Object.fromEntries([...parts].map(([step, part]) => [step, written(part)]))
})

/** The set as managedFields stores it. */
export const toFieldsV1 = (set: FieldSet): JsonObject => {
  const root: Branch = { isMember: false, parts: new Map() }
  for (const path of [...set].toSorted()) {
    let branch = root
    for (const step of stepsOf(path)) {
      const next = branch.parts.get(step) ?? { isMember: false, parts: new Map<string, Branch>() }
      branch.parts.set(step, next)
      branch = next
    }
    branch.isMember = true
  }
  return written(root)
}

/** The fields of an applied configuration: its leaves, and the items of its keyed lists. */
export const appliedFields = (rules: FieldRules, configuration: JsonObject): FieldSet => {
  const set = new Set<string>()
  const read = (value: Json, path: ReadonlyArray<string>, steps: ReadonlyArray<string>): void => {
    const parts = partsOf(rules, value, path)
    const isItem = steps.at(-1)?.startsWith("k:") === true
    if (steps.length > 0 && (parts.length === 0 || isItem)) set.add(JSON.stringify(steps))
    for (const { part, partPath, step } of parts) read(part, partPath, [...steps, step])
  }
  read(owned(configuration), [], [])
  return set
}

/** What differs between two states of an object. */
export interface FieldChanges {
  /** Added or with another value. */
  readonly set: FieldSet
  readonly removed: FieldSet
}

export const changedFields = (rules: FieldRules, before: JsonObject, after: JsonObject): FieldChanges => {
  const old = presentFields(rules, before)
  const now = presentFields(rules, after)
  const set = [...now].filter(([path, value]) => !old.has(path) || !Equal.equals(old.get(path), value))
  return {
    set: new Set(set.map(([path]) => path)),
    removed: new Set([...old.keys()].filter((path) => !now.has(path)))
  }
}

/** Every field of an object with its value; what has parts has none of its own. */
const presentFields = (rules: FieldRules, object: JsonObject): ReadonlyMap<string, Json | undefined> => {
  const fields = new Map<string, Json | undefined>()
  const read = (value: Json, path: ReadonlyArray<string>, steps: ReadonlyArray<string>): void => {
    const parts = partsOf(rules, value, path)
    if (steps.length > 0 && steps.join() !== "f:metadata") {
      fields.set(JSON.stringify(steps), isObject(value) || parts.length > 0 ? undefined : value)
    }
    for (const { part, partPath, step } of parts) read(part, partPath, [...steps, step])
  }
  read(owned(object), [], [])
  return fields
}

interface Part {
  readonly step: string
  readonly part: Json
  readonly partPath: ReadonlyArray<string>
}

const partsOf = (rules: FieldRules, value: Json, path: ReadonlyArray<string>): ReadonlyArray<Part> => {
  if (isObject(value)) {
    return Object.entries(value).map(([key, part]) => ({ step: `f:${key}`, part, partPath: [...path, key] }))
  }
  const keys = rules.listKeys(path)
  if (!isList(value) || keys.length === 0) return []
  return value.map((part) => ({ step: `k:${itemKey(rules.kind, keys, part) ?? "{}"}`, part, partPath: path }))
}

/** The part of an object that managers own: not its identity, and of metadata only what people write. */
const owned = (object: JsonObject): JsonObject => {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...rest } = object
  const { annotations, labels } = objectAt(object, "metadata")
  const metadata = {
    ...(annotations === undefined ? {} : { annotations }),
    ...(labels === undefined ? {} : { labels })
  }
  return Object.keys(metadata).length === 0 ? rest : { metadata, ...rest }
}

/** The set of what is written at a subresource, or at the object itself. */
export const ofSubresource = (kind: ServedKind, set: FieldSet, subresource: string): FieldSet =>
  kind.hasStatus
    ? new Set([...set].filter((path) => path.startsWith("[\"f:status\"") === (subresource === "status")))
    : set
