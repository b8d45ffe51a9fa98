/**
 * The verbs delete and deletecollection, and what is deleted together with an object: with a namespace everything in
 * it, with a CustomResourceDefinition its objects; watches of these end.
 */
import { Effect } from "effect"
import { type ApiRequest, keyOfRequest, writeOptions } from "./ApiRequest.ts"
import { customResourceDefinitions, namespaces } from "./BuiltInKinds.ts"
import { kindsOf } from "./CustomResourceDefinition.ts"
import { type JsonObject, objectAt, textAt } from "./JsonTree.ts"
import { ObjectStore, type Preconditions } from "./ObjectStore.ts"
import { listObjects } from "./ReadVerbs.ts"
import { decodeObject } from "./RequestBody.ts"
import { presented, type ServedKind, storageType } from "./ServedKind.ts"
import { servedKinds } from "./ServedKinds.ts"
import { keyOf } from "./StoredCollection.ts"

/** DELETE of an object. The answer is a `Status` if it is gone, or the object while finalizers keep it. */
export const deleteObject = Effect.fn("EmbeddedApiServer.delete")(function*(request: ApiRequest) {
  const { kind, target } = request
  const options = yield* deleteOptions(request)
  const dryRun = writeOptions(request).dryRun || JSON.stringify(options["dryRun"] ?? "").includes("All")
  const preconditions = objectAt(options, "preconditions")
  const store = yield* ObjectStore
  const deleted = yield* store.remove(storageType(kind), keyOfRequest(request), {
    dryRun,
    uid: textAt(preconditions, "uid"),
    resourceVersion: textAt(preconditions, "resourceVersion")
  })
  if (objectAt(deleted, "metadata")["deletionTimestamp"] !== undefined) return presented(kind, deleted)
  if (!dryRun) yield* cascade(kind, deleted)
  return deletionStatus(kind, target.name, deleted)
})

/** DELETE of a collection. The answer is the list of deleted objects. */
export const deleteCollection = Effect.fn("EmbeddedApiServer.deleteCollection")(function*(request: ApiRequest) {
  const page = yield* listObjects(request)
  const store = yield* ObjectStore
  const preconditions: Preconditions = { ...writeOptions(request), uid: undefined, resourceVersion: undefined }
  for (const object of page.objects) {
    const deleted = yield* store.remove(storageType(request.kind), keyOf(object), preconditions)
    if (!preconditions.dryRun) yield* cascade(request.kind, deleted)
  }
  return page
})

/** propagationPolicy has no effect, because no object here owns another. Old clients send YAML or no body at all. */
const deleteOptions = (request: ApiRequest) =>
  request.body.length === 0
    ? Effect.succeed<JsonObject>({})
    : Effect.fromResult(decodeObject(request.contentType, request.body))

const deletionStatus = (kind: ServedKind, name: string, deleted: JsonObject): JsonObject => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  details: {
    name,
    ...(kind.group === "" ? {} : { group: kind.group }),
    kind: kind.plural,
    uid: textAt(deleted, "metadata", "uid")
  }
})

const cascade = Effect.fnUntraced(function*(kind: ServedKind, deleted: JsonObject) {
  const store = yield* ObjectStore
  if (kind === customResourceDefinitions) {
    for (const defined of kindsOf(deleted).slice(0, 1)) {
      yield* removeAll(defined, () => true)
      yield* store.close(defined)
    }
  }
  if (kind !== namespaces) return
  const isInside = (object: JsonObject): boolean =>
    textAt(object, "metadata", "namespace") === textAt(deleted, "metadata", "name")
  for (const contained of yield* servedKinds) {
    if (contained.namespaced) yield* removeAll(contained, isInside)
  }
})

const removeAll = Effect.fnUntraced(function*(kind: ServedKind, isDoomed: (object: JsonObject) => boolean) {
  const store = yield* ObjectStore
  const { objects } = yield* store.list(storageType(kind))
  const doomed = objects.filter(isDoomed)
  const preconditions = { dryRun: false, uid: undefined, resourceVersion: undefined }
  yield* Effect.forEach(doomed, (object) => store.remove(storageType(kind), keyOf(object), preconditions))
})
