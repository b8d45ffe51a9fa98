/**
 * The patches that are independent of the kind: JSON merge patch (RFC 7396) and JSON patch (RFC 6902). Strategic merge
 * patch, which depends on the keys of lists, is in `StrategicMergePatch`.
 */
import { Option, Result, Schema } from "effect"
import jsonPatch from "fast-json-patch"
import { type ApiStatusError, badRequest, unfittingPatch } from "./ApiStatusError.ts"
import { isList, isObject, type Json, type JsonObject } from "./JsonTree.ts"

/**
 * Applies an RFC 7396 patch: null removes, objects are merged, everything else (also lists) is replaced. As in
 * kube-apiserver (evanphx/json-patch, pruneNils), objects in lists lose their null keys, but null elements stay.
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

/** The most operations that kube-apiserver accepts in one JSON patch. */
const maximumOperations = 10_000

const path = Schema.String
const decodeOperations = Schema.decodeUnknownOption(Schema.Array(Schema.Union([
  Schema.Struct({ op: Schema.Literals(["add", "replace", "test"]), path, value: Schema.Json }),
  Schema.Struct({ op: Schema.Literal("remove"), path }),
  Schema.Struct({ op: Schema.Literals(["move", "copy"]), path, from: Schema.String })
])))

/** Applies an RFC 6902 patch. If one operation does not fit, the whole patch is refused. */
export const applyJsonPatch = (target: JsonObject, patch: Json): Result.Result<Json, ApiStatusError> => {
  if (!isList(patch)) {
    return Result.fail(badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch"))
  }
  if (patch.length > maximumOperations) {
    return Result.fail(badRequest(`The allowed maximum operations in a JSON patch is ${maximumOperations}`))
  }
  const operations = decodeOperations(patch)
  if (Option.isNone(operations)) return Result.fail(unfittingPatch())
  return Result.try({
    try: (): Json => jsonPatch.applyPatch<Json>(structuredClone(target), operations.value, true).newDocument,
    catch: unfittingPatch
  })
}
