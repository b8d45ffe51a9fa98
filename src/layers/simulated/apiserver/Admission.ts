/**
 * What an object passes before it is stored: identity, unknown fields, defaults, schema, metadata and size, in
 * kube-apiserver's order. Pure: the same object is always answered the same way.
 */
import { Result } from "effect"
import { type ApiStatusError, badRequest, type FieldCause, invalid, storageRefusal } from "./ApiStatusError.ts"
import { definitionFaults } from "./DefinitionFaults.ts"
import { newEventFaults } from "./EventRules.ts"
import { at, isObject, type JsonObject, textAt, withField, withMetadata } from "./JsonTree.ts"
import { checkMetadata } from "./MetadataRules.ts"
import { validateResource } from "./ResourceValidation.ts"
import { apiVersionOf, type ServedKind } from "./ServedKind.ts"
import { normalize } from "./StructuralSchema.ts"

/** What happens to fields that the schema does not know: dropped silently, with a warning, or refused. */
export type FieldValidation = "Ignore" | "Warn" | "Strict"

export interface Admitted {
  readonly object: JsonObject
  /** Texts for `Warning` headers. */
  readonly warnings: ReadonlyArray<string>
}

/** How an object came to be what is admitted. */
export interface AdmissionOptions {
  readonly fieldValidation: FieldValidation
  /** The object that an update replaces. */
  readonly before?: JsonObject
  /** A patch is told of unknown fields in other words than a whole object. */
  readonly isPatch?: boolean
}

/** etcd's limit of a request, --max-request-bytes. */
const maximumObjectBytes = 1536 * 1024

/** Admits an object to a kind, or says what is wrong with it. */
export const admit = (
  kind: ServedKind,
  object: JsonObject,
  { before, fieldValidation, isPatch = false }: AdmissionOptions
): Result.Result<Admitted, ApiStatusError> =>
  Result.gen(function*() {
    yield* checkMetadata(kind, object)
    const warnings: Array<string> = []
    let admitted = object
    if (kind.schema !== undefined) {
      const normalized = normalize(kind.schema, object)
      const faults = normalized.unknownFields.map((field) => `unknown field "${field}"`)
      if (faults.length > 0 && fieldValidation === "Strict") {
        return yield* Result.fail(isPatch ? strictPatchError(object, faults) : strictError(kind, faults))
      }
      if (fieldValidation === "Warn") warnings.push(...faults)
      admitted = normalized.object
      const old = before === undefined ? undefined : normalize(kind.schema, before).object
      const { causes, ratcheted } = validateResource(kind.schema, admitted, old)
      warnings.push(...ratcheted.map(({ field, message }) => `${field}: ${message}`))
      if (causes.length > 0) {
        return yield* Result.fail(invalid(kind, textAt(object, "metadata", "name"), causes, warnings))
      }
    }
    const causes = builtInFaults(kind, admitted, before)
    if (causes.length > 0) {
      // Events are validated as those of the core group.
      const type = kind.plural === "events" ? { ...kind, group: "" } : kind
      return yield* Result.fail(invalid(type, textAt(object, "metadata", "name"), causes))
    }
    yield* checkSize(admitted)
    return { object: admitted, warnings }
  })

/** What built-in kinds ask of their objects, of those that are looked at at all. */
const builtInFaults = (
  kind: ServedKind,
  object: JsonObject,
  before: JsonObject | undefined
): ReadonlyArray<FieldCause> => {
  if (kind.plural === "customresourcedefinitions") return definitionFaults(object)
  return kind.plural === "events" && kind.group !== "" && before === undefined ? newEventFaults(object) : []
}

const strictError = (kind: ServedKind, faults: ReadonlyArray<string>): ApiStatusError => {
  const what = `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}`
  return badRequest(`${what}: strict decoding error: ${faults.join(", ")}`)
}

const strictPatchError = (object: JsonObject, faults: ReadonlyArray<string>): ApiStatusError => {
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(object))}: strict decoding error: ${
    faults.join(", ")
  }`
  const nothing = { group: "", version: "", plural: "", kind: "", namespaced: false }
  return invalid(nothing, "", [{ reason: "FieldValueInvalid", field: "patch", message }])
}

const checkSize = (object: JsonObject): Result.Result<void, ApiStatusError> =>
  Buffer.byteLength(JSON.stringify(object)) <= maximumObjectBytes ? Result.void : Result.fail(storageRefusal())

/** Where the request says that the object belongs. `name` is empty when the body names it. */
export interface Address {
  readonly namespace: string
  readonly name: string
}

const refuse = (text: string): Result.Result<never, ApiStatusError> => Result.fail(badRequest(text))

/** A custom resource is decoded whatever its kind is: that the kind is wrong is told with the rest of its faults. */
const wrongKind = (kind: ServedKind, object: JsonObject): ApiStatusError => {
  const given = textAt(object, "kind")
  const message = `Invalid value: ${JSON.stringify(given)}: must be ${kind.kind}`
  const causes = [{ reason: "FieldValueInvalid", field: "kind", message }]
  return invalid({ ...kind, kind: given }, textAt(object, "metadata", "name"), causes)
}

/** The object with the request's namespace, if its apiVersion, kind, name and namespace are those of the request. */
export const addressed = (
  kind: ServedKind,
  address: Address,
  object: JsonObject
): Result.Result<JsonObject, ApiStatusError> => {
  for (const field of ["kind", "apiVersion"]) {
    if (textAt(object, field) === "") {
      return refuse(`Object '${field === "kind" ? "Kind" : field}' is missing in the request body`)
    }
  }
  const expected = apiVersionOf(kind)
  const given = textAt(object, "apiVersion")
  if (given !== expected) {
    return refuse(`the API version in the data (${given}) does not match the expected API version (${expected})`)
  }
  if (textAt(object, "kind") !== kind.kind) {
    if (kind.schema !== undefined) return Result.fail(wrongKind(kind, object))
    const type = `${given}, Kind=${textAt(object, "kind")}`
    return refuse(`${type} in the data does not match the expected kind ${kind.kind}`)
  }
  const metadata = at(object, "metadata")
  if (metadata !== undefined && !isObject(metadata)) return refuse("metadata is not an object")
  const name = textAt(object, "metadata", "name")
  if (address.name !== "" && name !== "" && name !== address.name) {
    return refuse(`the name of the object (${name}) does not match the name on the URL (${address.name})`)
  }
  const namespace = textAt(object, "metadata", "namespace")
  if (namespace !== "" && namespace !== address.namespace) {
    return refuse("the namespace of the provided object does not match the namespace sent on the request")
  }
  return Result.succeed(withMetadata(withField(object, "metadata", metadata ?? {}), {
    ...(address.name === "" ? {} : { name: address.name }),
    namespace: kind.namespaced ? address.namespace : undefined
  }))
}
