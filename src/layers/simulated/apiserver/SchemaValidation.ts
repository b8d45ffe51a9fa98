/**
 * Validates custom resources with ajv against the structural schema of their CustomResourceDefinition, and reports
 * mistakes in kube-apiserver's words (k8s.io/apiextensions-apiserver/pkg/apiserver/validation). `ListItems` checks that
 * list items are unique. Rules (x-kubernetes-validations) are not evaluated; only a real server does that.
 */
import { Ajv, type ErrorObject } from "ajv"
import type { FieldCause } from "./ApiStatusError.ts"
import { isList, isObject, type Json, type JsonObject, objectAt } from "./JsonTree.ts"

/** The mistakes in an object; empty if there is none. */
type SchemaValidator = (object: JsonObject) => ReadonlyArray<FieldCause>

/** One answer lists at most this many mistakes. */
const maximumFaults = 64

const compileValidator = (schema: JsonObject): SchemaValidator => {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    strict: false,
    logger: false,
    // Kubernetes patterns are RE2, where "\-" and the like are allowed.
    unicodeRegExp: false,
    formats: {
      "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
      // A fraction has the wrong type, and that is reported already.
      int32: { type: "number", validate: (value) => !Number.isInteger(value) || (value | 0) === value },
      int64: { type: "number", validate: (value) => !Number.isInteger(value) || Math.abs(value) < 2 ** 63 }
    }
  })
  const validate = ajv.compile(jsonSchema(schema))
  return (object) => {
    const faults = validate(object) ? [] : (validate.errors ?? [])
    return faults.filter((fault) => !isBranch(fault)).flatMap((fault) => fieldCauses(object, fault))
      .slice(0, maximumFaults)
  }
}

/** Mistakes inside of anyOf, oneOf and not are reported by the keyword itself. */
const isBranch = (fault: ErrorObject): boolean => /\/(anyOf|oneOf|not)\//.test(fault.schemaPath)

/** OpenAPI v3 schemas differ from JSON schema in the boolean exclusive limits and in Kubernetes' extensions. */
const jsonSchema = (schema: Json): JsonObject => {
  if (!isObject(schema)) return {}
  const converted: Record<string, Json> = {}
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties") {
      converted[key] = Object.fromEntries(Object.entries(objectAt(schema, key)).map(([n, s]) => [n, jsonSchema(s)]))
    } else if (key === "items" || key === "not" || (key === "additionalProperties" && isObject(value))) {
      converted[key] = jsonSchema(value)
    } else if (isList(value) && ["allOf", "anyOf", "oneOf"].includes(key)) converted[key] = value.map(jsonSchema)
    else if (key === "exclusiveMinimum" && value === true) converted[key] = schema["minimum"] ?? 0
    else if (key === "exclusiveMaximum" && value === true) converted[key] = schema["maximum"] ?? 0
    else if (!["exclusiveMinimum", "exclusiveMaximum", "default", "example", "description"].includes(key)) {
      converted[key] = value
    }
  }
  if (schema["x-kubernetes-int-or-string"] === true) converted["type"] = ["integer", "string"]
  return converted
}

const fieldCause = (object: JsonObject, fault: ErrorObject): FieldCause => {
  const field = fieldPath(object, tokens(fault))
  const missing: unknown = fault.params["missingProperty"]
  if (fault.keyword === "required") {
    const path = [field, String(missing)].filter((part) => part !== "").join(".")
    return { reason: "FieldValueRequired", field: path, message: "Required value" }
  }
  return { field, ...reasonAndMessage(field, fault) }
}

const fieldCauses = (object: JsonObject, fault: ErrorObject): ReadonlyArray<FieldCause> => {
  const field = fieldPath(object, tokens(fault))
  const isNumber = typeof fault.data === "number"
  const isFraction = fault.keyword === "type" && typeText(fault) === "integer" && isNumber
  if (!isFraction && !(fault.keyword === "format" && isNumber)) return [fieldCause(object, fault)]
  // For such a number kube-openapi's message contains the path, but `field` is `<nil>`.
  const format = formatOf(fault)
  const how = format === undefined ? "(default format)" : `with format ${format}`
  const message = `Invalid value: "": Checked value must be of type integer ${how} in ${field}`
  const unnamed: FieldCause = { reason: "FieldValueInvalid", field: "<nil>", message }
  return format === "int32" && !isFraction ? [unnamed] : [{ field, ...typeReason(field, fault) }, unnamed]
}

const formatOf = (fault: ErrorObject): string | undefined => {
  const format: unknown = fault.parentSchema?.["format"]
  return typeof format === "string" ? format : undefined
}

const typeReason = (field: string, fault: ErrorObject): Omit<FieldCause, "field"> => {
  const format = typeText(fault) === "integer" || fault.keyword === "format" ? formatOf(fault) : undefined
  const kind = typeName(fault.data)
  // In messages about texts and lists, a number is named by its format, and a number without a format is not named.
  const byFormat = format !== undefined && ["number", "integer", "boolean", "object"].includes(kind)
  const expected = byFormat ? format : typeText(fault)
  const actual = JSON.stringify(byFormat ? (typeof fault.data === "number" ? "float64" : "") : kind)
  const message = `Invalid value: ${actual}: ${field} in body must be of type ${expected}: ${actual}`
  return { reason: "FieldValueTypeInvalid", message }
}

const reasonAndMessage = (field: string, fault: ErrorObject): Omit<FieldCause, "field"> => {
  const invalidValue = `Invalid value: ${JSON.stringify(fault.data)}: ${field} in body`
  const limit = String(fault.params["limit"])
  const asInvalid = (text: string) => ({ reason: "FieldValueInvalid", message: `${invalidValue} ${text}` })
  switch (fault.keyword) {
    case "type":
      return typeReason(field, fault)
    case "enum":
      return {
        reason: "FieldValueNotSupported",
        message: `Unsupported value: ${JSON.stringify(fault.data)}: supported values: ${enumText(fault)}`
      }
    case "maxLength":
      return { reason: "FieldValueTooLong", message: `Too long: may not be more than ${limit} bytes` }
    case "maxItems":
    case "maxProperties":
      return { reason: "FieldValueTooMany", message: `Too many: ${size(fault.data)}: must have at most ${limit} items` }
    case "minItems":
    case "minProperties": {
      const what = fault.keyword === "minItems" ? "items" : "properties"
      const message = `Invalid value: ${size(fault.data)}: ${field} in body should have at least ${limit} ${what}`
      return { reason: "FieldValueInvalid", message }
    }
    case "multipleOf":
      return asInvalid(`should be a multiple of ${String(fault.params["multipleOf"])}`)
    case "minLength":
      return asInvalid(`should be at least ${limit} chars long`)
    case "minimum":
      return asInvalid(`should be greater than or equal to ${limit}`)
    case "exclusiveMinimum":
      return asInvalid(`should be greater than ${limit}`)
    case "maximum":
      return asInvalid(`should be less than or equal to ${limit}`)
    case "exclusiveMaximum":
      return asInvalid(`should be less than ${limit}`)
    case "pattern":
      return asInvalid(`should match '${String(fault.params["pattern"])}'`)
    case "format":
      return {
        ...asInvalid(`must be of type ${String(fault.params["format"])}: ${JSON.stringify(fault.data)}`),
        reason: "FieldValueTypeInvalid"
      }
    case "anyOf":
      return asInvalid("must validate at least one schema (anyOf)")
    case "oneOf":
      return asInvalid("must validate one and only one schema (oneOf)")
    case "not":
      return asInvalid("must not validate the schema (not)")
    default:
      return asInvalid(fault.message ?? fault.keyword)
  }
}

const typeText = (fault: ErrorObject): string =>
  String(fault.params["type"]).split(",").filter((type) => type !== "null").join(",")

const enumText = (fault: ErrorObject): string => {
  const allowed: unknown = fault.params["allowedValues"]
  return Array.isArray(allowed) ? allowed.map((value) => JSON.stringify(String(value))).join(", ") : ""
}

const typeName = (value: unknown): string => {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number"
  return typeof value
}

const size = (value: unknown): number =>
  Array.isArray(value) ? value.length : typeof value === "object" && value !== null ? Object.keys(value).length : 0

const tokens = (fault: ErrorObject): ReadonlyArray<string> =>
  fault.instancePath.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))

/**
 * Converts `/spec/recommend/0/priority` to `spec.recommend[0].priority`. Only the object shows which parts are indices.
 */
const fieldPath = (object: JsonObject, path: ReadonlyArray<string>): string => {
  let text = ""
  let value: Json | undefined = object
  for (const token of path) {
    if (isList(value)) {
      text += `[${token}]`
      value = value[Number(token)]
    } else {
      text += text === "" ? token : `.${token}`
      value = isObject(value) ? value[token] : undefined
    }
  }
  return text
}

// A schema is an unchanging part of a stored definition. Compiling it takes milliseconds, validating takes
// microseconds.
const validators = new WeakMap<JsonObject, SchemaValidator>()

/** The compiled validator of a schema. Throws ajv's error if it is not a valid schema. */
export const validatorOf = (schema: JsonObject): SchemaValidator => {
  const known = validators.get(schema)
  if (known !== undefined) return known
  const compiled = compileValidator(schema)
  validators.set(schema, compiled)
  return compiled
}
