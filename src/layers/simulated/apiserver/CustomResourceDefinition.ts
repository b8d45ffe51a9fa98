/**
 * CustomResourceDefinitions: which kinds a definition adds, and the status that confirms it. Unlike in a real cluster,
 * a definition is served at the moment it is stored.
 */
import { Result } from "effect"
import { age } from "./HumanDuration.ts"
import { parseJsonPath } from "./JsonPath.ts"
import { at, isObject, type Json, type JsonObject, listAt, objectAt, textAt, textsAt, withField } from "./JsonTree.ts"
import type { Column, ServedKind } from "./ServedKind.ts"

/** The kinds of a stored definition, one for each served version. */
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
      // kube-apiserver prints only the first match (tableconvertor.go, ConvertToTable), and lists as JSON.
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

/**
 * The definition with default names and with the status of a definition that is served. `time` is RFC 3339 wall time.
 */
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
