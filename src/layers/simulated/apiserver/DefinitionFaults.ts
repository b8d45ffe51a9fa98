/**
 * What is wrong with a CustomResourceDefinition, in kube-apiserver's words
 * (k8s.io/apiextensions-apiserver pkg/apis/apiextensions/validation). Schemas and rules have modules of their own.
 */
import { Equal, Result } from "effect"
import type { FieldCause } from "./ApiStatusError.ts"
import { parseJsonPath } from "./JsonPath.ts"
import { at, isObject, type Json, type JsonObject, listAt, objectAt, textAt } from "./JsonTree.ts"
import { schemaFaults } from "./StructuralFaults.ts"
import { compileRules } from "./ValidationRules.ts"

/** What makes a definition unacceptable; empty when it can be served. */
export const definitionFaults = (definition: JsonObject): ReadonlyArray<FieldCause> => {
  const spec = objectAt(definition, "spec")
  const required = [["group"], ["names", "plural"], ["names", "kind"], ["scope"]].filter((path) =>
    textAt(spec, ...path) === ""
  ).map((path): FieldCause => ({
    reason: "FieldValueRequired",
    field: ["spec", ...path].join("."),
    message: "Required value"
  }))
  return [
    ...required,
    ...(required.length > 0 ? [] : nameFaults(definition)),
    ...scopeFaults(spec),
    ...storageFaults(spec),
    ...versionFaults(spec)
  ]
}

const nameFaults = (definition: JsonObject): ReadonlyArray<FieldCause> => {
  const name = textAt(definition, "metadata", "name")
  const message = `Invalid value: ${JSON.stringify(name)}: must be spec.names.plural+"."+spec.group`
  const expected = `${textAt(definition, "spec", "names", "plural")}.${textAt(definition, "spec", "group")}`
  return name === expected ? [] : [{ reason: "FieldValueInvalid", field: "metadata.name", message }]
}

const scopeFaults = (spec: JsonObject): ReadonlyArray<FieldCause> => {
  const scope = textAt(spec, "scope")
  const message = `Unsupported value: ${JSON.stringify(scope)}: supported values: "Cluster", "Namespaced"`
  return ["", "Cluster", "Namespaced"].includes(scope)
    ? []
    : [{ reason: "FieldValueNotSupported", field: "spec.scope", message }]
}

const storageFaults = (spec: JsonObject): ReadonlyArray<FieldCause> => {
  const stored = listAt(spec, "versions").filter((version) => at(version, "storage") === true)
  const message = "Invalid value: must have exactly one version marked as storage version"
  return stored.length === 1 ? [] : [{ reason: "FieldValueInvalid", field: "spec.versions", message }]
}

/** kube-apiserver keeps what all versions have in common once, and names it by where it keeps it. */
const versionFaults = (spec: JsonObject): ReadonlyArray<FieldCause> => {
  const versions = listAt(spec, "versions")
  const schemas = versions.map((version) => at(version, "schema", "openAPIV3Schema"))
  const missing = schemas.flatMap((schema, index): ReadonlyArray<FieldCause> =>
    isObject(schema) ? [] : [{
      reason: "FieldValueRequired",
      field: `spec.versions[${index}].schema.openAPIV3Schema`,
      message: "Required value"
    }]
  )
  const columns = versions.map((version) => listAt(version, "additionalPrinterColumns"))
  return [
    ...missing,
    ...(missing.length > 0 ? [] : shared(schemas.filter(isObject)).flatMap(
      ([schema, index]) => {
        const path = index === undefined
          ? "spec.validation.openAPIV3Schema"
          : `spec.versions[${index}].schema.openAPIV3Schema`
        const faults = schemaFaults(schema, path)
        return faults.length > 0 ? faults : compileRules(schema, path).faults
      }
    )),
    ...shared(columns).flatMap(([own, index]) =>
      own.flatMap((column, position) => {
        const parent = index === undefined ? "spec" : `spec.versions[${index}]`
        return columnFaults(column, `${parent}.additionalPrinterColumns[${position}]`)
      })
    )
  ]
}

/** The only value when all are the same, else each with its index. */
const shared = <A>(values: ReadonlyArray<A>): ReadonlyArray<readonly [A, number | undefined]> => {
  const [first] = values
  return first !== undefined && values.every((value) => Equal.equals(value, first))
    ? [[first, undefined]]
    : values.map((value, index) => [value, index] as const)
}

const columnTypes = ["boolean", "date", "integer", "number", "string"]

const columnFaults = (column: Json, field: string): ReadonlyArray<FieldCause> => {
  const type = textAt(column, "type")
  const path = textAt(column, "jsonPath")
  const invalid = (name: string, value: string, why: string): FieldCause => ({
    reason: "FieldValueInvalid",
    field: `${field}.${name}`,
    message: `Invalid value: ${JSON.stringify(value)}: ${why}`
  })
  return [
    ...(columnTypes.includes(type) ? [] : [invalid("type", type, `must be one of ${columnTypes.join(",")}`)]),
    ...(Result.isSuccess(parseJsonPath(path))
      ? []
      : [invalid("JSONPath", path, "must be a simple json path starting with .")])
  ]
}
