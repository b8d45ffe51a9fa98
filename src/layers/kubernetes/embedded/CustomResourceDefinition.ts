/**
 * CustomResourceDefinitions: what is wrong with one, which kinds it brings to life, and the status that says so.
 * Unlike a real cluster, a definition is established the moment it is stored.
 */
import { Equal, Result } from "effect"
import type { FieldCause } from "./ApiStatusError.ts"
import { age } from "./HumanDuration.ts"
import { parseJsonPath } from "./JsonPath.ts"
import { at, isObject, type Json, type JsonObject, listAt, objectAt, textAt, textsAt, withField } from "./JsonTree.ts"
import { compileValidator } from "./SchemaValidation.ts"
import type { Column, ServedKind } from "./ServedKind.ts"
import { compileRules } from "./ValidationRules.ts"

/** The kinds of a stored definition, one for each version that is served. */
export const kindsOf = (definition: JsonObject): ReadonlyArray<ServedKind> => {
  const spec = objectAt(definition, "spec")
  const kind = textAt(spec, "names", "kind")
  return listAt(spec, "versions").filter((version) => at(version, "served") === true).map((version): ServedKind => ({
    group: textAt(spec, "group"),
    version: textAt(version, "name"),
    plural: textAt(spec, "names", "plural"),
    kind,
    namespaced: textAt(spec, "scope") === "Namespaced",
    singular: textAt(spec, "names", "singular") || kind.toLowerCase(),
    listKind: textAt(spec, "names", "listKind") || `${kind}List`,
    shortNames: textsAt(spec, "names", "shortNames"),
    categories: textsAt(spec, "names", "categories"),
    hasStatus: isObject(at(version, "subresources", "status")),
    columns: columnsOf(version),
    schema: objectAt(version, "schema", "openAPIV3Schema"),
    selectableFields: listAt(version, "selectableFields").map((field) => textAt(field, "jsonPath").replace(/^\./, ""))
  }))
}

const ageColumn: Column = {
  name: "Age",
  type: "date",
  format: "",
  description: "Time since the object was created.",
  priority: 0,
  cell: (object, nowMillis) => age(textAt(object, "metadata", "creationTimestamp"), nowMillis)
}

const columnsOf = (version: Json): ReadonlyArray<Column> => {
  const defined = listAt(version, "additionalPrinterColumns").map((column): Column => {
    const path = Result.getOrElse(parseJsonPath(textAt(column, "jsonPath")), () => () => [])
    const type = textAt(column, "type")
    const priority = at(column, "priority")
    return {
      name: textAt(column, "name"),
      type,
      format: textAt(column, "format"),
      description: textAt(column, "description") ||
        `Custom resource definition column (in JSONPath format): ${textAt(column, "jsonPath")}`,
      priority: typeof priority === "number" ? priority : 0,
      // kube-apiserver prints the first match only (tableconvertor.go, ConvertToTable), and lists as JSON.
      cell: (object, nowMillis) => cell(type, path(object)[0], nowMillis)
    }
  })
  return defined.length === 0 ? [ageColumn] : defined
}

const cell = (type: string, value: Json | undefined, nowMillis: number): Json => {
  if (value === undefined || value === null) return null
  switch (type) {
    case "string":
      return typeof value === "object" ? JSON.stringify(value) : String(value)
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null
    case "number":
      return typeof value === "number" ? value : null
    case "boolean":
      return typeof value === "boolean" ? value : null
    case "date":
      return typeof value === "string" ? age(value, nowMillis).replace("<unknown>", "<invalid>") : null
    default:
      return null
  }
}

/** What makes a definition unacceptable; empty when it can be served. */
export const definitionFaults = (definition: JsonObject): ReadonlyArray<FieldCause> => {
  const spec = objectAt(definition, "spec")
  const required = [["group"], ["names", "plural"], ["names", "kind"], ["scope"]].filter((path) =>
    textAt(spec, ...path) === ""
  )
    .map((path): FieldCause => ({
      reason: "FieldValueRequired",
      field: ["spec", ...path].join("."),
      message: "Required value"
    }))
  const expected = `${textAt(spec, "names", "plural")}.${textAt(spec, "group")}`
  const name = textAt(definition, "metadata", "name")
  const misnamed: ReadonlyArray<FieldCause> = required.length > 0 || name === expected ? [] : [{
    reason: "FieldValueInvalid",
    field: "metadata.name",
    message: `Invalid value: ${JSON.stringify(name)}: must be spec.names.plural+"."+spec.group`
  }]
  return [
    ...required,
    ...misnamed,
    ...listAt(spec, "versions").flatMap(versionFaults),
    ...storageFaults(spec),
    ...ruleFaults(spec)
  ]
}

/** What is wrong with the rules of the schemas. kube-apiserver names a schema that all versions share as one. */
const ruleFaults = (spec: JsonObject): ReadonlyArray<FieldCause> => {
  const schemas = listAt(spec, "versions").map((version) => objectAt(version, "schema", "openAPIV3Schema"))
  const [first = {}] = schemas
  if (schemas.every((schema) => Equal.equals(schema, first))) {
    return compileRules(first, "spec.validation.openAPIV3Schema").faults
  }
  return schemas.flatMap((schema, index) =>
    compileRules(schema, `spec.versions[${index}].schema.openAPIV3Schema`).faults
  )
}

const storageFaults = (spec: JsonObject): ReadonlyArray<FieldCause> => {
  const stored = listAt(spec, "versions").filter((version) => at(version, "storage") === true)
  const message = "Invalid value: must have exactly one version marked as storage version"
  return stored.length === 1 ? [] : [{ reason: "FieldValueInvalid", field: "spec.versions", message }]
}

const versionFaults = (version: Json, index: number): ReadonlyArray<FieldCause> => {
  const field = `spec.versions[${index}]`
  const schema = at(version, "schema", "openAPIV3Schema")
  if (!isObject(schema)) {
    const message = "Required value: schemas are required"
    return [{ reason: "FieldValueRequired", field: `${field}.schema.openAPIV3Schema`, message }]
  }
  const compiled = Result.try({
    try: () => compileValidator(schema),
    catch: (cause): FieldCause => ({
      reason: "FieldValueInvalid",
      field: `${field}.schema.openAPIV3Schema`,
      message: `Invalid value: ${String(cause)}`
    })
  })
  const columns = listAt(version, "additionalPrinterColumns").flatMap((column, position): ReadonlyArray<FieldCause> => {
    const path = textAt(column, "jsonPath")
    if (Result.isSuccess(parseJsonPath(path))) return []
    const message = `Invalid value: ${JSON.stringify(path)}: must be a simple json path starting with .`
    return [{ reason: "FieldValueInvalid", field: `${field}.additionalPrinterColumns[${position}].jsonPath`, message }]
  })
  return [...(Result.isFailure(compiled) ? [compiled.failure] : []), ...columns]
}

/** The definition with defaults for its names and the status of one that is served. `time` is RFC 3339, wall time. */
export const established = (definition: JsonObject, time: string): JsonObject => {
  const spec = objectAt(definition, "spec")
  const kind = textAt(spec, "names", "kind")
  const names = { listKind: `${kind}List`, singular: kind.toLowerCase(), ...objectAt(spec, "names") }
  const condition = (type: string, reason: string, message: string): JsonObject => ({
    type,
    status: "True",
    reason,
    message,
    lastTransitionTime: textAt(
      listAt(definition, "status", "conditions").find((old) => textAt(old, "type") === type),
      "lastTransitionTime"
    ) || time
  })
  return {
    ...withField(definition, "spec", { conversion: { strategy: "None" }, ...spec, names }),
    status: {
      acceptedNames: names,
      conditions: [
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted")
      ],
      storedVersions: listAt(spec, "versions").filter((version) => at(version, "storage") === true)
        .map((version) => textAt(version, "name"))
    }
  }
}
