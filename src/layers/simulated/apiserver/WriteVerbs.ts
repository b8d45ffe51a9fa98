/**
 * The verbs create, update and patch: they make the next object from the body and the present object, admit it and
 * store it. If a kind has a status subresource, the status is written only there, and everything else only at the
 * object itself.
 */
import { Effect, Option, Result } from "effect"
import { addressed, admit, type Admitted } from "./Admission.ts"
import { type ApiRequest, fieldValidation, keyOfRequest, writeOptions } from "./ApiRequest.ts"
import {
  type ApiStatusError,
  badRequest,
  invalid,
  notFound,
  serverSideApplyNotServed,
  unsupportedMediaType
} from "./ApiStatusError.ts"
import { customResourceDefinitions, namespaces } from "./BuiltInKinds.ts"
import { established } from "./CustomResourceDefinition.ts"
import { isObject, type Json, type JsonObject, objectAt, textAt, withField, withMetadata } from "./JsonTree.ts"
import { applyJsonPatch, mergePatch } from "./MergePatch.ts"
import { ObjectStore } from "./ObjectStore.ts"
import { decodeBody, decodeObject } from "./RequestBody.ts"
import { presented, type ServedKind, storageType } from "./ServedKind.ts"
import { strategicMergePatch } from "./StrategicMergePatch.ts"
import { timestamp } from "./Timestamp.ts"

/** A stored object, whether this request created it, and the warnings. */
export interface Written extends Admitted {
  readonly isNew: boolean
}

/**
 * The object in the form in which it is stored: in the spelling of its storage, without apiVersion, kind, field
 * managers and empty metadata.
 */
const storedForm = (kind: ServedKind, object: JsonObject): JsonObject => {
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = kind.sharedStorage?.toStored(object) ?? object
  const fields = Object.entries(objectAt(rest, "metadata")).filter(([key, value]) =>
    key !== "managedFields" && !isEmpty(value)
  )
  return withField(rest, "metadata", Object.fromEntries(fields))
}

const isEmpty = (value: Json): boolean =>
  value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0)

/** POST to a collection. */
export const createObject = Effect.fn("EmbeddedApiServer.create")(function*(request: ApiRequest) {
  const { kind, target } = request
  const body = yield* Effect.fromResult(decodeObject(request.contentType, request.body))
  const named = withGeneratedName(yield* Effect.fromResult(addressed(kind, target, body)))
  return yield* store(request, named)
})

const store = Effect.fnUntraced(function*(request: ApiRequest, object: JsonObject) {
  const { kind, target } = request
  const objects = yield* ObjectStore
  if (kind.namespaced) {
    const namespace = yield* objects.get(namespaces, { namespace: "", name: target.namespace })
    if (Option.isNone(namespace)) return yield* notFound(namespaces, target.namespace)
  }
  const time = yield* timestamp
  // The status of a new custom resource is dropped, because it is written through its subresource only.
  const incoming = kind.schema !== undefined && kind.hasStatus ? withField(object, "status", undefined) : object
  const validation = yield* Effect.fromResult(fieldValidation(request))
  const admitted = yield* Effect.fromResult(admit(kind, incoming, { fieldValidation: validation }))
  const initial = withInitialStatus(kind, admitted.object, time)
  const created = yield* objects.create(storageType(kind), storedForm(kind, initial), writeOptions(request))
  return { object: created, warnings: admitted.warnings, isNew: true } satisfies Written
})

const withGeneratedName = (object: JsonObject): JsonObject => {
  const prefix = textAt(object, "metadata", "generateName")
  if (prefix === "" || textAt(object, "metadata", "name") !== "") return object
  return withMetadata(object, { name: `${prefix}${crypto.randomUUID().slice(-5)}` })
}

const withInitialStatus = (kind: ServedKind, object: JsonObject, time: string): JsonObject => {
  if (kind === customResourceDefinitions) return established(object, time)
  if (kind !== namespaces) return object
  const labels = {
    ...objectAt(object, "metadata", "labels"),
    "kubernetes.io/metadata.name": textAt(object, "metadata", "name")
  }
  return { ...withMetadata(object, { labels }), spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } }
}

/** PUT to an object or its status. */
export const updateObject = Effect.fn("EmbeddedApiServer.update")(function*(request: ApiRequest) {
  const { kind, target } = request
  const body = yield* Effect.fromResult(decodeObject(request.contentType, request.body))
  const replacement = yield* Effect.fromResult(addressed(kind, target, body))
  // This is checked only for an object that exists. Otherwise the answer is 404, whatever the version is.
  return yield* change(request, () => versioned(kind, replacement))
})

// k8s.io/apiserver pkg/registry/generic/registry/store.go, Update: for a custom resource an update must name a version.
const versioned = (kind: ServedKind, replacement: JsonObject): Result.Result<JsonObject, ApiStatusError> => {
  if (kind.schema === undefined || textAt(replacement, "metadata", "resourceVersion") !== "") {
    return Result.succeed(replacement)
  }
  const message = "Invalid value: 0: must be specified for an update"
  const causes = [{ reason: "FieldValueInvalid", field: "metadata.resourceVersion", message }]
  // The store behind the API knows resources and not kinds, so its message names the resource.
  return Result.fail(invalid({ ...kind, kind: kind.plural }, textAt(replacement, "metadata", "name"), causes))
}

/** PATCH of an object or its status. */
export const patchObject = Effect.fn("EmbeddedApiServer.patch")(function*(request: ApiRequest) {
  const { contentType, kind, target } = request
  if (contentType === "application/apply-patch+yaml") return yield* serverSideApplyNotServed()
  const known = ["application/json-patch+json", "application/merge-patch+json"]
  if (kind.schema === undefined) known.push("application/strategic-merge-patch+json")
  if (!known.includes(contentType)) return yield* unsupportedMediaType(known)
  const patch = yield* Effect.fromResult(decodeBody(contentType, request.body))
  return yield* change(request, (current) =>
    patched(contentType, current, patch).pipe(
      Result.flatMap((next) =>
        isObject(next) ? Result.succeed(next) : Result.fail(badRequest("the patch does not leave an object"))
      ),
      Result.flatMap((next) => addressed(kind, target, next))
    ))
})

const patched = (contentType: string, current: JsonObject, patch: Json): Result.Result<Json, ApiStatusError> => {
  if (contentType === "application/json-patch+json") return applyJsonPatch(current, patch)
  if (!isObject(patch)) return Result.fail(badRequest("Invalid JSON Patch"))
  const isMerge = contentType === "application/merge-patch+json"
  return Result.succeed(isMerge ? mergePatch(current, patch) : strategicMergePatch(current, patch))
}

/** Stores the object that `next` makes of the present one: only the status, or everything except the status. */
const change = Effect.fnUntraced(function*(
  request: ApiRequest,
  next: (current: JsonObject) => Result.Result<JsonObject, ApiStatusError>
) {
  const { kind, target } = request
  const objects = yield* ObjectStore
  const time = yield* timestamp
  let warnings: ReadonlyArray<string> = []
  const object = yield* objects.update(
    storageType(kind),
    keyOfRequest(request),
    (stored) =>
      Result.gen(function*() {
        const current = presented(kind, stored)
        const proposed = separated(kind, target.subresource, current, yield* next(current))
        const admitted = yield* admit(kind, proposed, {
          fieldValidation: yield* fieldValidation(request),
          isPatch: request.method === "PATCH"
        })
        warnings = admitted.warnings
        const isDefinition = kind === customResourceDefinitions && target.subresource === ""
        return storedForm(kind, isDefinition ? established(admitted.object, time) : admitted.object)
      }),
    writeOptions(request)
  )
  return { object, warnings, isNew: false } satisfies Written
})

const separated = (kind: ServedKind, subresource: string, current: JsonObject, next: JsonObject): JsonObject => {
  if (!kind.hasStatus) return next
  if (subresource !== "status") return withField(next, "status", current["status"])
  const { resourceVersion, uid } = objectAt(next, "metadata")
  return withField(withMetadata(current, { resourceVersion, uid }), "status", next["status"])
}
