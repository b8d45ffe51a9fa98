/**
 * What a list or a watch asks for in its query, checked as in kube-apiserver (ListOptions of meta/v1;
 * k8s.io/apimachinery pkg/apis/meta/internalversion/validation). Selectors are in `Selectors`.
 */
import { Result } from "effect"
import { type ApiStatusError, badRequest, type FieldCause, invalid } from "./ApiStatusError.ts"

/** Where a list begins: at a version (absent: the present one) and after a position. */
export interface ListStart {
  readonly version: number | undefined
  /**
   * Whether exactly this version is wanted, although it may be old: for the next page of a list, or if the request says
   * so.
   */
  readonly isExact: boolean
  readonly after: string
  /** The number of objects per page; 0 means all. */
  readonly limit: number
}

/** Where the list of a request begins. */
export const listStart = (query: URLSearchParams): Result.Result<ListStart, ApiStatusError> =>
  Result.gen(function*() {
    const text = query.get("resourceVersion") ?? ""
    const limit = yield* pageLimit(query)
    yield* checkMatch(query, "list")
    const token = query.get("continue") ?? ""
    if (token !== "") {
      if (text !== "" && text !== "0") {
        return yield* Result.fail(badRequest("specifying resource version is not allowed when using continue"))
      }
      return { ...(yield* continuation(token)), isExact: true, limit }
    }
    const version = yield* requestedVersion(query)
    const match = query.get("resourceVersionMatch") ?? ""
    // A page of a version means exactly that version unless the request says otherwise, as with etcd (API concepts).
    const isExact = version !== undefined && (match === "Exact" || (match === "" && limit > 0))
    // A list from the cache is never split into pages.
    return { version, isExact, after: "", limit: text === "0" ? 0 : limit }
  })

/** The token for the rest of a list at a version. */
export const continueToken = (version: number, after: string): string => encodeURIComponent(`${version} ${after}`)

const continuation = (token: string): Result.Result<Pick<ListStart, "version" | "after">, ApiStatusError> => {
  const text = Result.getOrElse(Result.try(() => decodeURIComponent(token)), () => "")
  const [, version, after] = /^(\d{1,15})( .*)$/.exec(text) ?? []
  return version === undefined || after === undefined
    ? Result.fail(badRequest("invalid continue token: continue key is not valid"))
    : Result.succeed({ version: Number(version), after: after.slice(1) })
}

const pageLimit = (query: URLSearchParams): Result.Result<number, ApiStatusError> => {
  const text = query.get("limit") ?? "0"
  return /^-?\d+$/.test(text)
    ? Result.succeed(Math.max(0, Number(text)))
    : Result.fail(badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`))
}

/** The resourceVersion in the request; nothing if there is none or if it is 0, which means any version. */
export const requestedVersion = (query: URLSearchParams): Result.Result<number | undefined, ApiStatusError> => {
  const text = query.get("resourceVersion") ?? ""
  if (text === "" || text === "0") return Result.succeed(undefined)
  const version = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(version)) return Result.succeed(version)
  const what = `Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}`
  return Result.fail(badRequest(`invalid resource version: resourceVersion: ${what}: invalid syntax`))
}

/** Checks which combinations of resourceVersionMatch and sendInitialEvents are allowed. */
export const checkMatch = (
  query: URLSearchParams,
  verb: "list" | "watch"
): Result.Result<void, ApiStatusError> => {
  const causes = verb === "list" ? listFaults(query) : watchFaults(query)
  const options = { group: "meta.k8s.io", version: "v1", plural: "", kind: "ListOptions", namespaced: false }
  return causes.length === 0 ? Result.void : Result.fail(invalid(options, "", causes))
}

const forbidden = (text: string, field = "resourceVersionMatch"): FieldCause => ({
  reason: "FieldValueForbidden",
  field,
  message: `Forbidden: ${text}`
})

const unsupported = (value: string, supported: string): FieldCause => ({
  reason: "FieldValueNotSupported",
  field: "resourceVersionMatch",
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`
})

const listFaults = (query: URLSearchParams): ReadonlyArray<FieldCause> => {
  if (query.has("sendInitialEvents")) {
    return [forbidden("sendInitialEvents is forbidden for list", "sendInitialEvents")]
  }
  const match = query.get("resourceVersionMatch") ?? ""
  if (match === "") return []
  const version = query.get("resourceVersion") ?? ""
  if (version === "") return [forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided")]
  if ((query.get("continue") ?? "") !== "") {
    return [forbidden("resourceVersionMatch is forbidden when continue is provided")]
  }
  if (match !== "Exact" && match !== "NotOlderThan") return [unsupported(match, "\"Exact\", \"NotOlderThan\", \"\"")]
  return match === "Exact" && version === "0"
    ? [forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")]
    : []
}

const watchFaults = (query: URLSearchParams): ReadonlyArray<FieldCause> => {
  const match = query.get("resourceVersionMatch") ?? ""
  if (query.has("sendInitialEvents")) {
    if (match === "") {
      return [forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")]
    }
    return match === "NotOlderThan" ? [] : [unsupported(match, "\"NotOlderThan\"")]
  }
  if (match === "") return []
  const causes = [forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")]
  return match === "NotOlderThan" ? causes : [...causes, unsupported(match, "\"NotOlderThan\"")]
}
