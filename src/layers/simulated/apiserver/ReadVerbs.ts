/**
 * The verbs get and list: one object, or the objects of a collection that match the selectors, in pages if the request
 * asks for that. All pages of a list show the same moment: the version of the first page.
 */
import { Effect, Option, Result } from "effect"
import { type ApiRequest, keyOfRequest } from "./ApiRequest.ts"
import { type ApiStatusError, notFound, resourceVersionTooLarge } from "./ApiStatusError.ts"
import { type JsonObject, textAt } from "./JsonTree.ts"
import { continueToken, listStart } from "./ListOptions.ts"
import { type ObjectKey, ObjectStore } from "./ObjectStore.ts"
import { parseFieldSelector, parseLabelSelector, type Predicate, selectedName } from "./Selectors.ts"
import { presented, storageType } from "./ServedKind.ts"

/** One page of a list: stored objects, and the metadata of the list. */
interface ListPage {
  readonly metadata: JsonObject
  readonly objects: ReadonlyArray<JsonObject>
}

/** GET of an object. */
export const getObject = Effect.fn("EmbeddedApiServer.get")(function*(request: ApiRequest) {
  const store = yield* ObjectStore
  const found = yield* store.get(storageType(request.kind), keyOfRequest(request))
  if (Option.isNone(found)) return yield* notFound(request.kind, request.target.name)
  return found.value
})

/** Whether a stored object matches the request's path and selectors. */
export const selectionOf = ({ kind, query, target }: ApiRequest): Result.Result<Predicate, ApiStatusError> =>
  Result.gen(function*() {
    const hasLabels = yield* parseLabelSelector(query.get("labelSelector") ?? "")
    const hasFields = yield* parseFieldSelector(kind, query.get("fieldSelector") ?? "")
    return (stored) =>
      (target.namespace === "" || textAt(stored, "metadata", "namespace") === target.namespace) &&
      (target.name === "" || textAt(stored, "metadata", "name") === target.name) &&
      hasLabels(stored) && hasFields(kind.sharedStorage === undefined ? stored : presented(kind, stored))
  })

/** The only object that the request can be about, if its path or its field selector contains a name. */
export const keyOfSelection = ({ kind, query, target }: ApiRequest): ObjectKey | undefined => {
  const name = target.name === "" ? selectedName(query.get("fieldSelector") ?? "") : target.name
  if (name === undefined || (kind.namespaced && target.namespace === "")) return undefined
  return { namespace: kind.namespaced ? target.namespace : "", name }
}

/** Lists are sorted by this text, and the end of a page is marked with it. */
const position = (object: JsonObject): string =>
  `${textAt(object, "metadata", "namespace")}/${textAt(object, "metadata", "name")}`

/** GET of a collection. */
export const listObjects = Effect.fn("EmbeddedApiServer.list")(function*(request: ApiRequest) {
  const { kind, query } = request
  const store = yield* ObjectStore
  const isSelected = yield* Effect.fromResult(selectionOf(request))
  const { after, isExact, limit, version } = yield* Effect.fromResult(listStart(query))
  const snapshot = yield* store.list(storageType(kind), isExact ? version : undefined, keyOfSelection(request))
  if (version !== undefined && version > snapshot.resourceVersion) {
    return yield* resourceVersionTooLarge(version, snapshot.resourceVersion)
  }
  const selected = snapshot.objects.filter((object) => isSelected(object) && position(object) > after)
  const objects = limit > 0 ? selected.slice(0, limit) : selected
  const last = objects.at(-1)
  const resourceVersion = String(snapshot.resourceVersion)
  const remainingItemCount = selected.length - objects.length
  if (remainingItemCount === 0 || last === undefined) return { metadata: { resourceVersion }, objects }
  // With a selector the number of remaining objects is unknown: a real server has not looked at them yet.
  const isWhole = (query.get("labelSelector") ?? "") === "" && (query.get("fieldSelector") ?? "") === ""
  const metadata: JsonObject = {
    resourceVersion,
    continue: continueToken(snapshot.resourceVersion, position(last)),
    ...(isWhole ? { remainingItemCount } : {})
  }
  return { metadata, objects } satisfies ListPage
})
