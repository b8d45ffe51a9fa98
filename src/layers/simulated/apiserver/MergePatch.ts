/**
 * The patches that name no kind: JSON merge patch (RFC 7396) and JSON patch (RFC 6902).
 * Strategic merge and apply, which need to know list keys, have modules of their own.
 */
import { Result } from "effect"
import jsonPatch from "fast-json-patch"
import { ApiStatusError, badRequest } from "./ApiStatusError.ts"
import { at, isList, isObject, type Json, type JsonObject, textAt } from "./JsonTree.ts"

/**
 * Applies an RFC 7396 patch: null removes, objects merge, everything else (lists too) replaces. As in kube-apiserver
 * (evanphx/json-patch, pruneNils), objects in lists lose their null keys; null elements stay.
 */
export const mergePatch = (target: Json | undefined, patch: Json): Json => {
  if (isList(patch)) return patch.map((element) => mergePatch(undefined, element))
  if (!isObject(patch)) return patch
  const merged = new Map(Object.entries(isObject(target) ? target : {}))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key)
    else merged.set(key, mergePatch(merged.get(key), value))
  }
  return Object.fromEntries(merged)
}

/** Most operations that kube-apiserver takes in one JSON patch. */
const maximumOperations = 10_000

/** Applies an RFC 6902 patch, or refuses it as a whole when an operation does not fit. */
export const applyJsonPatch = (target: JsonObject, patch: Json): Result.Result<Json, ApiStatusError> => {
  if (!isList(patch)) {
    return Result.fail(badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch"))
  }
  if (patch.length > maximumOperations) {
    return Result.fail(badRequest(`The allowed maximum operations in a JSON patch is ${maximumOperations}`))
  }
  const operations: Array<jsonPatch.Operation> = []
  for (const item of patch) {
    const operation = jsonPatchOperation(item)
    if (operation === undefined) return Result.fail(unfitting())
    operations.push(operation)
  }
  return Result.try({
    try: (): Json => jsonPatch.applyPatch<Json>(structuredClone(target), operations, true).newDocument,
    catch: unfitting
  })
}

/** kube-apiserver does not say which operation does not fit, or why. */
const unfitting = (): ApiStatusError =>
  new ApiStatusError({
    code: 422,
    reason: "Invalid",
    text: "the server rejected our request due to an error in our request"
  })

const jsonPatchOperation = (item: Json): jsonPatch.Operation | undefined => {
  const path = at(item, "path")
  const value = at(item, "value")
  const from = textAt(item, "from")
  if (typeof path !== "string") return undefined
  switch (at(item, "op")) {
    case "add":
    case "replace":
    case "test":
      return value === undefined
        ? undefined
        : { op: textAt(item, "op") === "add" ? "add" : textAt(item, "op") === "test" ? "test" : "replace", path, value }
    case "remove":
      return { op: "remove", path }
    case "move":
      return { op: "move", path, from }
    case "copy":
      return { op: "copy", path, from }
    default:
      return undefined
  }
}
