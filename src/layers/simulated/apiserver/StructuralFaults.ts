/**
 * What is wrong with the schema of a CustomResourceDefinition: types that are missing or unknown, patterns that are
 * none, defaults that the schema itself refuses (k8s.io/apiextensions-apiserver pkg/apiserver/schema/validation.go).
 * Only what a schema author gets wrong; a schema that is strange in another way is caught when it is compiled.
 */
import { Result } from "effect"
import type { FieldCause } from "./ApiStatusError.ts"
import { at, isObject, type Json, type JsonObject, listAt, objectAt, textAt } from "./JsonTree.ts"
import { compileValidator } from "./SchemaValidation.ts"

/** The faults of a schema that stands at a path of its definition. */
export const schemaFaults = (schema: JsonObject, path: string): ReadonlyArray<FieldCause> => {
  const type = textAt(schema, "type")
  const root = type === ""
    ? [required(`${path}.type`, "must not be empty at the root")]
    : type === "object"
    ? []
    : [invalid(`${path}.type`, type, "must be object at the root")]
  const faults = [...root, ...nodeFaults(schema, path, "")]
  if (faults.length > 0) return faults
  const compiled = Result.try({ try: () => compileValidator(schema), catch: (cause) => String(cause) })
  return Result.isFailure(compiled) ? [invalid(path, "", compiled.failure)] : []
}

const required = (field: string, why: string): FieldCause => ({
  reason: "FieldValueRequired",
  field,
  message: `Required value: ${why}`
})

const invalid = (field: string, value: string, why: string): FieldCause => ({
  reason: "FieldValueInvalid",
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`
})

const types = ["array", "boolean", "integer", "number", "object", "string"]

/** `untyped` is what to say when the type is missing; empty at the root, where more is said. */
const nodeFaults = (schema: JsonObject, path: string, untyped: string): ReadonlyArray<FieldCause> => {
  const items = at(schema, "items")
  const additional = at(schema, "additionalProperties")
  const fields = "must not be empty for specified object fields"
  return [
    ...typeFaults(schema, path, untyped),
    ...patternFaults(schema, path),
    ...listFaults(schema, path),
    ...defaultFaults(schema, path),
    ...Object.entries(objectAt(schema, "properties")).flatMap(([name, property]) =>
      isObject(property) ? nodeFaults(property, `${path}.properties[${name}]`, fields) : []
    ),
    ...(isObject(items) ? nodeFaults(items, `${path}.items`, "must not be empty for specified array items") : []),
    ...(isObject(additional) ? nodeFaults(additional, `${path}.additionalProperties`, fields) : [])
  ]
}

const typeFaults = (schema: JsonObject, path: string, untyped: string): ReadonlyArray<FieldCause> => {
  const type = textAt(schema, "type")
  const isFree = schema["x-kubernetes-int-or-string"] === true ||
    schema["x-kubernetes-preserve-unknown-fields"] === true
  if (type === "") return isFree || untyped === "" ? [] : [required(`${path}.type`, untyped)]
  const supported = types.map((known) => JSON.stringify(known)).join(", ")
  const message = `Unsupported value: ${JSON.stringify(type)}: supported values: ${supported}`
  return types.includes(type) ? [] : [{ reason: "FieldValueNotSupported", field: `${path}.type`, message }]
}

const patternFaults = (schema: JsonObject, path: string): ReadonlyArray<FieldCause> => {
  const pattern = textAt(schema, "pattern")
  const compiled = Result.try({ try: () => new RegExp(pattern), catch: (cause) => String(cause) })
  if (Result.isSuccess(compiled)) return []
  const why = `must be a valid regular expression, but isn't: ${compiled.failure}`
  return [invalid(`${path}.pattern`, pattern, why)]
}

const listFaults = (schema: JsonObject, path: string): ReadonlyArray<FieldCause> =>
  textAt(schema, "x-kubernetes-list-type") === "map" && listAt(schema, "x-kubernetes-list-map-keys").length === 0
    ? [required(`${path}.x-kubernetes-list-map-keys`, "must not be empty if x-kubernetes-list-type is map")]
    : []

/** A default is validated as it stands, without the defaults inside of it. */
const defaultFaults = (schema: JsonObject, path: string): ReadonlyArray<FieldCause> => {
  const value: Json | undefined = schema["default"]
  if (value === undefined) return []
  const holder: JsonObject = { type: "object", properties: { default: schema } }
  const compiled = Result.try(() => compileValidator(holder))
  if (Result.isFailure(compiled)) return []
  return compiled.success({ default: value }, undefined).map((
    { field, message, reason }
  ) => ({
    reason,
    field: `${path}.${field}`,
    message: message.replace(/: default(\S*) in body/, ": $1 in body")
  }))
}
