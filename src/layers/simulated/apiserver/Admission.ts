/**
 * The checks and changes that an object goes through before it is stored: identity, unknown fields, defaults, schema,
 * metadata and size, in kube-apiserver's order. Pure: the same object always gets the same answer.
 */
import { Result } from "effect"
import { apiVersionOf } from "../../../services/kubernetes/KubernetesObject.ts"
import { type ApiStatusError, badRequest, type FieldCause, invalid, storageRefusal } from "./ApiStatusError.ts"
import { customResourceDefinitions } from "./BuiltInKinds.ts"
import { at, isObject, type JsonObject, listAt, objectAt, textAt, withField, withMetadata } from "./JsonTree.ts"
import { duplicates } from "./ListItems.ts"
import { checkMetadata } from "./MetadataRules.ts"
import { validatorOf } from "./SchemaValidation.ts"
import type { ServedKind } from "./ServedKind.ts"
import { normalize } from "./StructuralSchema.ts"

/** What happens to fields that are not in the schema: they are dropped silently, dropped with a warning, or refused. */
export type FieldValidation = "Ignore" | "Warn" | "Strict"

export interface Admitted {
  readonly object: JsonObject
  /** Texts for `Warning` headers. */
  readonly warnings: ReadonlyArray<string>
}

/** Under which circumstances an object is admitted. */
export interface AdmissionOptions {
  readonly fieldValidation: FieldValidation
  /** For a patch, kube-apiserver has other messages about unknown fields than for a whole object. */
  readonly isPatch?: boolean
}

/** etcd's limit for a request, --max-request-bytes. */
const maximumObjectBytes = 1536 * 1024

/** Admits an object to a kind, or says what is wrong with it. */
export const admit = (
  kind: ServedKind,
  object: JsonObject,
  { fieldValidation, isPatch = false }: AdmissionOptions
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
    }
    const causes = faultsOf(kind, admitted)
    if (causes.length > 0) {
      return yield* Result.fail(invalid(kind, textAt(object, "metadata", "name"), causes, warnings))
    }
    yield* checkSize(admitted)
    return { object: admitted, warnings }
  })

/** Built-in kinds are stored as they are. Only definitions that could not be served are refused. */
const faultsOf = (kind: ServedKind, object: JsonObject): ReadonlyArray<FieldCause> => {
  if (kind.schema !== undefined) return [...validatorOf(kind.schema)(object), ...duplicates(kind.schema, object, "")]
  return kind === customResourceDefinitions ? definitionFaults(object) : []
}

const definitionFaults = (definition: JsonObject): ReadonlyArray<FieldCause> =>
  listAt(definition, "spec", "versions").flatMap((version, index) => {
    const schema = objectAt(version, "schema", "openAPIV3Schema")
    const compiled = Result.try({ try: () => validatorOf(schema), catch: (cause) => String(cause) })
    if (Result.isSuccess(compiled)) return []
    const field = `spec.versions[${index}].schema.openAPIV3Schema`
    return [{ reason: "FieldValueInvalid", field, message: `Invalid value: ${compiled.failure}` }]
  })

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

/** Where the object belongs according to the request. `name` is empty if the body contains the name. */
export interface Address {
  readonly namespace: string
  readonly name: string
}

const refuse = (text: string): Result.Result<never, ApiStatusError> => Result.fail(badRequest(text))

/**
 * A custom resource with a wrong kind is decoded all the same, because kube-apiserver reports the wrong kind together
 * with the other mistakes.
 */
const wrongKind = (kind: ServedKind, object: JsonObject): ApiStatusError => {
  const given = textAt(object, "kind")
  const message = `Invalid value: ${JSON.stringify(given)}: must be ${kind.kind}`
  const causes = [{ reason: "FieldValueInvalid", field: "kind", message }]
  return invalid({ ...kind, kind: given }, textAt(object, "metadata", "name"), causes)
}

/** The object with the request's namespace, if its apiVersion, kind, name and namespace agree with the request. */
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
