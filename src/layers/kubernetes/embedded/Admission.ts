/**
 * What an object passes before it is stored: identity, unknown fields, defaults, schema, metadata and size, in
 * kube-apiserver's order. Pure: the same object is always answered the same way.
 */
import { Result } from "effect"
import { type ApiStatusError, badRequest, invalid, tooLarge } from "./ApiStatusError.ts"
import { definitionFaults } from "./CustomResourceDefinition.ts"
import { at, isObject, type JsonObject, textAt, withField, withMetadata } from "./JsonTree.ts"
import { checkMetadata } from "./MetadataRules.ts"
import { validateResource } from "./ResourceValidation.ts"
import { apiVersionOf, qualifiedKind, type ServedKind } from "./ServedKind.ts"
import { normalize } from "./StructuralSchema.ts"

/** What happens to fields that the schema does not know: dropped silently, with a warning, or refused. */
export type FieldValidation = "Ignore" | "Warn" | "Strict"

export interface Admitted {
  readonly object: JsonObject
  /** Texts for `Warning` headers. */
  readonly warnings: ReadonlyArray<string>
}

/** etcd refuses 1.5 MiB of its own encoding; JSON of this size stays below it. */
const maximumObjectBytes = 1024 * 1024

/** Admits an object to a kind, or says what is wrong with it. `before` is the object that an update replaces. */
export const admit = (
  kind: ServedKind,
  object: JsonObject,
  fieldValidation: FieldValidation,
  before?: JsonObject
): Result.Result<Admitted, ApiStatusError> =>
  Result.gen(function*() {
    yield* checkMetadata(kind, object)
    const warnings: Array<string> = []
    let admitted = object
    if (kind.schema !== undefined) {
      const normalized = normalize(kind.schema, object)
      const faults = normalized.unknownFields.map((field) => `unknown field "${field}"`)
      if (faults.length > 0 && fieldValidation === "Strict") return yield* Result.fail(strictError(kind, faults))
      if (fieldValidation === "Warn") warnings.push(...faults)
      admitted = normalized.object
      const old = before === undefined ? undefined : normalize(kind.schema, before).object
      const { causes, ratcheted } = validateResource(kind.schema, admitted, old)
      warnings.push(...ratcheted.map(({ field, message }) => `${field}: ${message}`))
      if (causes.length > 0) {
        return yield* Result.fail(invalid(kind, textAt(object, "metadata", "name"), causes, warnings))
      }
    }
    if (kind.plural === "customresourcedefinitions") {
      const causes = definitionFaults(admitted)
      if (causes.length > 0) return yield* Result.fail(invalid(kind, textAt(object, "metadata", "name"), causes))
    }
    yield* checkSize(kind, admitted)
    return { object: admitted, warnings }
  })

const strictError = (kind: ServedKind, faults: ReadonlyArray<string>): ApiStatusError => {
  const what = `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}`
  return badRequest(`${what}: strict decoding error: ${faults.join(", ")}`)
}

const checkSize = (kind: ServedKind, object: JsonObject): Result.Result<void, ApiStatusError> => {
  const bytes = new TextEncoder().encode(JSON.stringify(object)).length
  const name = textAt(object, "metadata", "name")
  const text = `${
    qualifiedKind(kind)
  } "${name}" is too large: ${bytes} bytes, at most ${maximumObjectBytes} can be stored`
  return bytes <= maximumObjectBytes ? Result.void : Result.fail(tooLarge(text))
}

/** Where the request says that the object belongs. `name` is empty when the body names it. */
export interface Address {
  readonly namespace: string
  readonly name: string
}

const refuse = (text: string): Result.Result<never, ApiStatusError> => Result.fail(badRequest(text))

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
