/**
 * Who set which field of an object: metadata.managedFields over creates, updates and patches, and the conflict of a
 * manager that applies what another one set (Kubernetes docs: "Server-Side Apply", "Field management"; texts of
 * k8s.io/apimachinery pkg/util/managedfields/internal/conflict.go).
 */
import { ApiStatusError } from "./ApiStatusError.ts"
import {
  changedFields,
  type FieldRules,
  fieldRulesOf,
  type FieldSet,
  fromFieldsV1,
  ofSubresource,
  stepsOf,
  toFieldsV1
} from "./FieldSets.ts"
import { type Json, type JsonObject, listAt, objectAt, textAt, withField } from "./JsonTree.ts"
import { keyText } from "./ListKeys.ts"
import { apiVersionOf, type ServedKind } from "./ServedKind.ts"

/** Who writes what to an object. */
export interface Writing {
  readonly kind: ServedKind
  readonly manager: string
  /** `status`, or empty for the object itself. */
  readonly subresource: string
  /** RFC 3339, wall time. */
  readonly time: string
}

export type Operation = "Apply" | "Update"

/** The entries of managedFields. */
export const managedEntries = (object: JsonObject): ReadonlyArray<Json> => listAt(object, "metadata", "managedFields")

/** Whether an entry is that of this manager for this operation. */
export const isEntryOf = (writing: Writing, operation: Operation, entry: Json): boolean =>
  textAt(entry, "manager") === writing.manager && textAt(entry, "operation") === operation &&
  textAt(entry, "subresource") === writing.subresource

const fieldsOfEntry = (entry: Json | undefined): FieldSet => fromFieldsV1(objectAt(entry, "fieldsV1"))

export const managedEntry = (writing: Writing, operation: Operation, set: FieldSet): JsonObject => ({
  manager: writing.manager,
  operation,
  apiVersion: apiVersionOf(writing.kind),
  time: writing.time,
  fieldsType: "FieldsV1",
  fieldsV1: toFieldsV1(set),
  ...(writing.subresource === "" ? {} : { subresource: writing.subresource })
})

/** Entries without the fields that somebody else took or that are gone; those that have nothing left are dropped. */
export const disowned = (entries: ReadonlyArray<Json>, gone: FieldSet): ReadonlyArray<Json> =>
  entries.flatMap((entry) => {
    const fields = fieldsOfEntry(entry)
    const left = fields.difference(gone)
    if (left.size === fields.size) return [entry]
    return left.size === 0 ? [] : [{ ...objectAt({ entry }, "entry"), fieldsV1: toFieldsV1(left) }]
  })

const rank = (entry: Json): string => ["operation", "time", "manager"].map((key) => textAt(entry, key)).join(" ")

/** Entries in kube-apiserver's order: by operation, then time, then name. */
export const sorted = (entries: ReadonlyArray<Json>): ReadonlyArray<Json> =>
  entries.toSorted((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0))

/** managedFields after a create, update or patch that made `after` of `before`: what changed is its manager's. */
export const afterUpdate = (writing: Writing, before: JsonObject, after: JsonObject): ReadonlyArray<Json> => {
  const rules: FieldRules = fieldRulesOf(writing.kind)
  const given = managedEntries(after)
  // A client that knows nothing of the field leaves it out; one that sends an entry without a name clears it.
  const entries = given.length === 0 ? managedEntries(before) : given.filter((entry) => textAt(entry, "manager") !== "")
  const changes = changedFields(rules, before, after)
  const set = ofSubresource(writing.kind, changes.set, writing.subresource)
  if (set.size === 0 && changes.removed.size === 0) return entries
  const own = entries.find((entry) => isEntryOf(writing, "Update", entry))
  const others = disowned(entries.filter((entry) => entry !== own), changes.removed.union(set))
  const owned = fieldsOfEntry(own)
  const fields = owned.difference(changes.removed).union(set)
  if (fields.size === 0) return sorted(others)
  const isSameSet = own !== undefined && changes.removed.size === 0 && fields.size === owned.size
  const entry = isSameSet
    ? withField(objectAt({ own }, "own"), "time", writing.time)
    : managedEntry(writing, "Update", fields)
  return sorted([...others, entry])
}

interface FieldConflict {
  readonly manager: string
  readonly field: string
}

/** What others own of the fields that an apply would change. */
export const fieldConflicts = (entries: ReadonlyArray<Json>, changed: FieldSet): ReadonlyArray<FieldConflict> =>
  entries.flatMap((entry) => {
    const manager = managerText(entry)
    return [...fieldsOfEntry(entry).intersection(changed)].map((path) => ({ manager, field: fieldText(path) }))
  })

const managerText = (entry: Json): string => {
  const subresource = textAt(entry, "subresource")
  const name = JSON.stringify(textAt(entry, "manager")) +
    (subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`)
  return textAt(entry, "operation") === "Update" ? `${name} using ${textAt(entry, "apiVersion")}` : name
}

/** `.spec.profile[name="p"].interface` */
const fieldText = (path: string): string =>
  stepsOf(path).map((step) => step.startsWith("k:") ? keyText(step.slice(2)) : `.${step.slice(2)}`).join("")

/** 409: others own what would be changed, and the request does not force it. */
export const applyConflict = (conflicts: ReadonlyArray<FieldConflict>): ApiStatusError => {
  const fieldsOf = Map.groupBy(
    conflicts.toSorted((a, b) => a.manager < b.manager ? -1 : a.manager > b.manager ? 1 : 0),
    ({ manager }) => manager
  )
  const lists = [...fieldsOf].map(([manager, all]) =>
    `conflicts with ${manager}:\n${all.map(({ field }) => `- ${field}`).join("\n")}`
  )
  const [only] = conflicts
  const text = conflicts.length === 1 && only !== undefined
    ? `1 conflict: conflict with ${only.manager}: ${only.field}`
    : `${conflicts.length} conflicts: ${lists.join("\n")}`
  return new ApiStatusError({
    code: 409,
    reason: "Conflict",
    text: `Apply failed with ${text}`,
    details: {
      causes: conflicts.map(({ field, manager }) => ({
        reason: "FieldManagerConflict",
        message: `conflict with ${manager}`,
        field
      }))
    }
  })
}
