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

// Stored objects are immutable values, and most writes leave most entries of managedFields as they are.
const knownSets = new WeakMap<JsonObject, FieldSet>()

/** What a set that is stored in managedFields contains. */
export const fromFieldsV1 = (tree: JsonObject): FieldSet => {
  const known = knownSets.get(tree)
  if (known !== undefined) return known
  const set = new Set<string>()
  const read = (node: JsonObject, steps: ReadonlyArray<string>): void => {
    const parts = Object.keys(node).filter((step) => step !== ".")
    if (steps.length > 0 && (parts.length === 0 || Object.hasOwn(node, "."))) set.add(JSON.stringify(steps))
    for (const step of parts) read(objectAt(node, step), [...steps, step])
  }
  read(tree, [])
  knownSets.set(tree, set)
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
  const changes = { set: new Set<string>(), removed: new Set<string>() }
  compare(rules, changes, { before: owned(before), after: owned(after), path: [], steps: [] })
  return changes
}

interface Compared {
  readonly before: Json | undefined
  readonly after: Json | undefined
  readonly path: ReadonlyArray<string>
  readonly steps: ReadonlyArray<string>
}

const hasParts = (value: Json | undefined, count: number): boolean => isObject(value) || count > 0

/** Walks both states at once: most of an object is as it was, and its paths need not be written down. */
const compare = (
  rules: FieldRules,
  changes: { readonly set: Set<string>; readonly removed: Set<string> },
  { after, before, path, steps }: Compared
): void => {
  if (before === after) return
  const old = new Map(partsOf(rules, before, path).map((part) => [part.step, part]))
  const now = partsOf(rules, after, path)
  const isSame = hasParts(before, old.size) ? hasParts(after, now.length) : Equal.equals(before, after)
  if (!isSame && steps.length > 0 && steps.join() !== "f:metadata") {
    const paths = after === undefined ? changes.removed : changes.set
    paths.add(JSON.stringify(steps))
  }
  for (const { part, partPath, step } of now) {
    compare(rules, changes, { before: old.get(step)?.part, after: part, path: partPath, steps: [...steps, step] })
    old.delete(step)
  }
  for (const { part, partPath, step } of old.values()) {
    compare(rules, changes, { before: part, after: undefined, path: partPath, steps: [...steps, step] })
  }
}

interface Part {
  readonly step: string
  readonly part: Json
  readonly partPath: ReadonlyArray<string>
}

const partsOf = (rules: FieldRules, value: Json | undefined, path: ReadonlyArray<string>): ReadonlyArray<Part> => {
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
