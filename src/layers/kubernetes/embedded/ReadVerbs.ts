/**
 * get and list: one object, or the objects of a collection that selectors choose, in pages when asked.
 * Pages of one list show one moment: the store goes back to the version of the first page.
 */
import { Effect, Option, Result } from "effect"
import { type ApiRequest, keyOfRequest } from "./ApiRequest.ts"
import { type ApiStatusError, badRequest, notFound } from "./ApiStatusError.ts"
import { type JsonObject, textAt } from "./JsonTree.ts"
import { ObjectStore } from "./ObjectStore.ts"
import { parseFieldSelector, parseLabelSelector, type Predicate } from "./Selectors.ts"
import { presented, storageType } from "./ServedKind.ts"

/** One page of a list: stored objects and the list's metadata. */
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

/** Whether a stored object is what the request's path and selectors ask for. */
export const selectionOf = ({ kind, query, target }: ApiRequest): Result.Result<Predicate, ApiStatusError> =>
  Result.gen(function*() {
    const hasLabels = yield* parseLabelSelector(query.get("labelSelector") ?? "")
    const hasFields = yield* parseFieldSelector(kind, query.get("fieldSelector") ?? "")
    return (stored) =>
      (target.namespace === "" || textAt(stored, "metadata", "namespace") === target.namespace) &&
      (target.name === "" || textAt(stored, "metadata", "name") === target.name) &&
      hasLabels(stored) && hasFields(kind.sharedStorage === undefined ? stored : presented(kind, stored))
  })

/** Lists are in this order, and a page ends at one of these. */
const position = (object: JsonObject): string =>
  `${textAt(object, "metadata", "namespace")}/${textAt(object, "metadata", "name")}`

/** GET of a collection. */
export const listObjects = Effect.fn("EmbeddedApiServer.list")(function*(request: ApiRequest) {
  const store = yield* ObjectStore
  const isSelected = yield* Effect.fromResult(selectionOf(request))
  const { after, version } = yield* Effect.fromResult(startOf(request.query))
  const snapshot = yield* store.list(storageType(request.kind), version)
  const selected = snapshot.objects.filter((object) => isSelected(object) && position(object) > after)
  const limit = Number(request.query.get("limit") ?? 0)
  const objects = limit > 0 ? selected.slice(0, limit) : selected
  const last = objects.at(-1)
  const resourceVersion = String(snapshot.resourceVersion)
  const remainingItemCount = selected.length - objects.length
  const metadata: JsonObject = remainingItemCount === 0 || last === undefined
    ? { resourceVersion }
    : { resourceVersion, continue: continueToken(snapshot.resourceVersion, position(last)), remainingItemCount }
  return { metadata, objects } satisfies ListPage
})

const continueToken = (version: number, after: string): string => encodeURIComponent(`${version} ${after}`)

interface Start {
  /** The version to list at; absent for the present. */
  readonly version: number | undefined
  /** The position after which the page begins. */
  readonly after: string
}

const startOf = (query: URLSearchParams): Result.Result<Start, ApiStatusError> => {
  const token = query.get("continue") ?? ""
  if (token !== "") return continuation(token)
  return Result.map(requestedVersion(query), (version) => {
    const isExact = query.get("resourceVersionMatch") === "Exact"
    return { after: "", version: isExact ? version : undefined }
  })
}

const continuation = (token: string): Result.Result<Start, ApiStatusError> => {
  const text = Result.getOrElse(Result.try(() => decodeURIComponent(token)), () => "")
  const [, version, after] = /^(\d{1,15})( .*)$/.exec(text) ?? []
  return version === undefined || after === undefined
    ? Result.fail(badRequest("continue key is not valid"))
    : Result.succeed({ version: Number(version), after: after.slice(1) })
}

/** The resourceVersion that the request names; nothing when it names none, or 0, which is any. */
export const requestedVersion = (query: URLSearchParams): Result.Result<number | undefined, ApiStatusError> => {
  const text = query.get("resourceVersion") ?? ""
  if (text === "" || text === "0") return Result.succeed(undefined)
  const version = Number(text)
  return /^\d+$/.test(text) && Number.isSafeInteger(version)
    ? Result.succeed(version)
    : Result.fail(
      badRequest(`invalid resource version "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`)
    )
}
