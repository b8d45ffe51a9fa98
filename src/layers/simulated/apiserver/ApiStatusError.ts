/**
 * Failures of API requests as Kubernetes `Status` objects, in kube-apiserver's words, because people and programs read
 * them. Everything in this folder that refuses a request uses one of these.
 */
import { Schema } from "effect"
import type { ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import type { JsonObject } from "./JsonTree.ts"
import { qualifiedKind, qualifiedResource } from "./ServedKind.ts"

/** A refused request. `code` is the HTTP status, `reason` is Kubernetes' machine-readable word or empty. */
export class ApiStatusError extends Schema.TaggedError<ApiStatusError>()("ApiStatusError", {
  code: Schema.Int,
  reason: Schema.String,
  text: Schema.String,
  details: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
  /** Texts for `Warning` headers. */
  warnings: Schema.optionalKey(Schema.Array(Schema.String))
}) {
  override get message(): string {
    return this.text
  }
}

/** One mistake in an object, as `details.causes` lists it. */
export interface FieldCause {
  readonly reason: string
  readonly field: string
  readonly message: string
}

/** The `Status` object that answers the request. */
export const statusObject = (error: ApiStatusError): JsonObject => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message: error.text,
  ...(error.reason === "" ? {} : { reason: error.reason }),
  ...(error.details === undefined ? {} : { details: error.details }),
  code: error.code
})

const about = (type: ResourceType, name: string): JsonObject => ({
  ...(name === "" ? {} : { name }),
  ...(type.group === "" ? {} : { group: type.group }),
  kind: type.plural
})

const refusal = (code: number, reason: string, text: string, details?: JsonObject): ApiStatusError =>
  new ApiStatusError({ code, reason, text, ...(details === undefined ? {} : { details }) })

/** 404: the object is not there. */
export const notFound = (type: ResourceType, name: string): ApiStatusError =>
  refusal(404, "NotFound", `${qualifiedResource(type)} "${name}" not found`, about(type, name))

/** 404: neither the path nor the resource is served. */
export const unknownResource = (): ApiStatusError =>
  refusal(404, "NotFound", "the server could not find the requested resource", {})

/** 409: an object of this name is there already. */
export const alreadyExists = (type: ResourceType, name: string): ApiStatusError =>
  refusal(409, "AlreadyExists", `${qualifiedResource(type)} "${name}" already exists`, about(type, name))

/** 409: the request was made for another version, or for another object of the same name. */
export const conflict = (
  type: ResourceType,
  name: string,
  why = "the object has been modified; please apply your changes to the latest version and try again"
): ApiStatusError => {
  const text = `Operation cannot be fulfilled on ${qualifiedResource(type)} "${name}": ${why}`
  return refusal(409, "Conflict", text, about(type, name))
}

/** 422: the object violates its schema or the rules for metadata. */
export const invalid = (
  type: ResourceType,
  name: string,
  causes: ReadonlyArray<FieldCause>,
  warnings: ReadonlyArray<string> = []
): ApiStatusError => {
  const faults = causes.map((cause) => `${cause.field}: ${cause.message}`)
  const text = faults.length === 1 ? faults.join("") : `[${faults.join(", ")}]`
  return new ApiStatusError({
    code: 422,
    reason: "Invalid",
    text: `${qualifiedKind(type)} "${name}" is invalid: ${text}`,
    warnings,
    details: {
      ...about(type, name),
      kind: type.kind,
      causes: causes.map((cause) => ({ reason: cause.reason, message: cause.message, field: cause.field }))
    }
  })
}

/** 400: the request itself cannot be read. */
export const badRequest = (text: string): ApiStatusError => refusal(400, "BadRequest", text)

/** 405: the path is served, but not for this method. */
export const methodNotAllowed = (): ApiStatusError =>
  refusal(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})

/** 406: the server can produce none of the representations that the client accepts. */
export const notAcceptable = (): ApiStatusError =>
  refusal(406, "NotAcceptable", "only the following media types are accepted: application/json")

/** 410: the history before this resourceVersion has been deleted (Kubernetes API concepts: 410 Gone). */
export const expired = (requested: number, oldest: number): ApiStatusError =>
  refusal(410, "Expired", `too old resource version: ${requested} (${oldest})`)

/** 413: the body is larger than the server takes. */
export const tooLarge = (text: string): ApiStatusError => refusal(413, "RequestEntityTooLarge", text)

/** 422: a JSON patch does not fit. kube-apiserver says neither which operation nor why. */
export const unfittingPatch = (): ApiStatusError =>
  refusal(422, "Invalid", "the server rejected our request due to an error in our request")

/** 500: the server itself failed. */
export const internalError = (): ApiStatusError => refusal(500, "InternalError", "Internal error occurred")

/** 500: the storage refuses the object. The message is etcd's own; kube-apiserver passes it on unchanged. */
export const storageRefusal = (): ApiStatusError => refusal(500, "", "etcdserver: request is too large")

/** 415: the body has a content type that this endpoint does not read. */
export const unsupportedMediaType = (accepted: ReadonlyArray<string>): ApiStatusError => {
  const types = accepted.join(", ")
  const text = `the body of the request was in an unknown format - accepted media types include: ${types}`
  return refusal(415, "UnsupportedMediaType", text)
}

/** 415: kubectl prints this text after "Server-side apply not available on the server". */
export const serverSideApplyNotServed = (): ApiStatusError => {
  const text = "this server has no server-side apply: use kubectl apply without --server-side"
  return refusal(415, "UnsupportedMediaType", text)
}

/** 504: the server has not reached this resourceVersion yet. Clients then list again. */
export const resourceVersionTooLarge = (requested: number, current: number): ApiStatusError =>
  refusal(504, "Timeout", `Timeout: Too large resource version: ${requested}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1
  })
