/**
 * What a structural schema is in CEL: the types that rules are checked against, and the values that they see
 * (k8s.io/apiserver pkg/cel/common/schemas.go and values.go). Rules themselves stand in `ValidationRules`.
 */
import { Environment } from "@marcbachmann/cel-js"
import { Equal } from "effect"
import { at, isList, isObject, type Json, type JsonObject, objectAt, textAt } from "./JsonTree.ts"

/** The types of one schema and of everything below it. */
export interface CelTypes {
  /** Knows the types; a rule's variables are declared in a clone of it. */
  readonly environment: Environment
  /** Name of the type of a part of the schema; nothing for what CEL has no type for, which rules cannot see. */
  readonly nameOf: (schema: JsonObject) => string | undefined
  /** A value of a part of the schema as rules see it. */
  readonly valueOf: (schema: JsonObject, value: Json) => unknown
}

/** An object of the schema in CEL: its fields under their escaped names. */
type FieldsConstructor = new(fields: Iterable<readonly [string, unknown]>) => Map<string, unknown>

interface ObjectType {
  readonly name: string
  readonly ctor: FieldsConstructor
}

const keywords = new Set(
  ("true false null in as break const continue else for function if import let loop package namespace return var void " +
    "while").split(" ")
)

/** A property's name in CEL, or nothing for one that rules cannot name (pkg/cel/escaping.go). */
export const escapedName = (name: string): string | undefined => {
  if (keywords.has(name)) return `__${name}__`
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined
  return name.replaceAll("__", "__underscores__").replaceAll(".", "__dot__").replaceAll("-", "__dash__")
    .replaceAll("/", "__slash__")
}

const text = { type: "string" }

/** The root of a resource and embedded resources have apiVersion, kind and a little of metadata, named or not. */
export const withTypeAndObjectMeta = (schema: JsonObject): JsonObject => ({
  ...schema,
  type: "object",
  properties: {
    ...objectAt(schema, "properties"),
    apiVersion: text,
    kind: text,
    metadata: { type: "object", properties: { name: text, generateName: text } }
  }
})

const isMap = (schema: JsonObject): boolean => isObject(schema["additionalProperties"])

const scalarNames: Readonly<Record<string, string>> = { boolean: "bool", number: "double", integer: "int" }

const textFormats: Readonly<Record<string, string>> = {
  byte: "bytes",
  date: "google.protobuf.Timestamp",
  "date-time": "google.protobuf.Timestamp",
  duration: "google.protobuf.Duration"
}

// The library parses times and durations in expressions only.
const conversions = new Environment().registerVariable("text", "string")
const timestampOf = conversions.parse("timestamp(text)")
const durationOf = conversions.parse("duration(text)")

const textValue = (schema: JsonObject, value: string): unknown => {
  switch (textAt(schema, "format")) {
    case "byte":
      return Uint8Array.from(Buffer.from(value, "base64"))
    case "date":
      return timestampOf({ text: `${value}T00:00:00Z` })
    case "date-time":
      return timestampOf({ text: value })
    case "duration":
      return durationOf({ text: value })
    default:
      return value
  }
}

/** JSON of which no schema says anything. */
const untyped = (value: Json): unknown => {
  if (isList(value)) return value.map(untyped)
  if (isObject(value)) return new Map(Object.entries(value).map(([key, field]) => [key, untyped(field)]))
  return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value
}

/** Declares the types of a resource's schema. */
export const celTypes = (): CelTypes => {
  const environment = new Environment({ enableOptionalTypes: true })
  const objects = new Map<JsonObject, ObjectType>()

  const objectType = (schema: JsonObject): ObjectType => {
    const known = objects.get(schema)
    if (known !== undefined) return known
    const declared: ObjectType = { name: `selfType${objects.size + 1}`, ctor: class extends Map<string, unknown> {} }
    objects.set(schema, declared)
    const fields = Object.entries(objectAt(schema, "properties")).flatMap(([property, part]) => {
      const name = escapedName(property)
      const type = isObject(part) ? nameOf(part) : undefined
      return name === undefined || type === undefined ? [] : [[name, type] as const]
    })
    environment.registerType(declared.name, { ctor: declared.ctor, fields: Object.fromEntries(fields) })
    environment.registerOperator(
      `${declared.name} == ${declared.name}`,
      (left: unknown, right: unknown) => Equal.equals(left, right)
    )
    return declared
  }

  const nameOf = (schema: JsonObject): string | undefined => {
    if (schema["x-kubernetes-int-or-string"] === true) return "dyn"
    const part = schema["x-kubernetes-embedded-resource"] === true ? embedded(schema) : schema
    switch (textAt(part, "type")) {
      case "array": {
        const items = nameOf(objectAt(part, "items"))
        return items === undefined ? undefined : `list<${items}>`
      }
      case "object": {
        if (!isMap(part)) return objectType(part).name
        const values = nameOf(objectAt(part, "additionalProperties"))
        return values === undefined ? undefined : `map<string, ${values}>`
      }
      case "string":
        return textFormats[textAt(part, "format")] ?? "string"
      default:
        return scalarNames[textAt(part, "type")]
    }
  }

  const objectValue = (schema: JsonObject, value: JsonObject): unknown => {
    // A null stands for an absent field; only a nullable one is ever stored.
    const given = Object.entries(value).filter(([, field]) => field !== null)
    if (isMap(schema)) {
      const values = objectAt(schema, "additionalProperties")
      return new Map(given.map(([key, field]) => [key, valueOf(values, field)]))
    }
    const fields = given.flatMap(([property, field]) => {
      const name = escapedName(property)
      const part = at(schema, "properties", property)
      return name === undefined || !isObject(part) ? [] : [[name, valueOf(part, field)] as const]
    })
    return new (objectType(schema).ctor)(fields)
  }

  const valueOf = (schema: JsonObject, value: Json): unknown => {
    const part = schema["x-kubernetes-embedded-resource"] === true ? embedded(schema) : schema
    if (isObject(value)) return textAt(part, "type") === "object" ? objectValue(part, value) : untyped(value)
    if (isList(value)) {
      const items = value.map((item) => valueOf(objectAt(part, "items"), item))
      // Sets are equal whatever their order.
      return textAt(part, "x-kubernetes-list-type") === "set" ? new Set(items) : items
    }
    if (typeof value === "string") return textValue(part, value)
    return typeof value === "number" && textAt(part, "type") !== "number" ? untyped(value) : value
  }

  const withMetadata = new Map<JsonObject, JsonObject>()
  const embedded = (schema: JsonObject): JsonObject => {
    const known = withMetadata.get(schema) ?? withTypeAndObjectMeta(schema)
    withMetadata.set(schema, known)
    return known
  }

  return { environment, nameOf, valueOf }
}
