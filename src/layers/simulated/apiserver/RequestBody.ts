/**
 * Reads request bodies, JSON or YAML, as a JSON object, with limits. Any other body is a 400 or 415 in kube-apiserver's
 * words, never a defect.
 */
import { Result } from "effect"
import { parse as parseYaml } from "yaml"
import { type ApiStatusError, badRequest, unsupportedMediaType } from "./ApiStatusError.ts"
import { isObject, type Json, type JsonObject } from "./JsonTree.ts"
import { decodeProtobuf } from "./ProtobufBody.ts"

/** Larger bodies are refused with 413 (kube-apiserver's MaxRequestBodyBytes). */
export const maximumBodyBytes = 3 * 1024 * 1024

/** Objects have some ten levels. A body with more levels than this is meant to exhaust the stack. */
const maximumDepth = 256

/** Reads a body as YAML if the content type says so, otherwise as JSON. */
export const decodeBody = (contentType: string, body: Uint8Array): Result.Result<Json, ApiStatusError> => {
  const isYaml = contentType.endsWith("yaml")
  if (!isYaml && contentType !== "" && !contentType.endsWith("json")) {
    return Result.fail(unsupportedMediaType(["application/json", "application/yaml"]))
  }
  return Result.try({
    try: (): Json => {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(body)
      // Converted to JSON and back, so that YAML values that JSON does not have (dates, undefined) cannot occur.
      return JSON.parse(isYaml ? JSON.stringify(parseYaml(text)) ?? "null" : text)
    },
    catch: (cause) =>
      badRequest(`the object provided is unrecognized (must be of type application/json or yaml): ${String(cause)}`)
  }).pipe(Result.filterOrFail(isShallow, () => badRequest("the object provided is nested too deeply")))
}

/** Reads a body that must be one object. kubectl sends some of these as protobuf. */
export const decodeObject = (contentType: string, body: Uint8Array): Result.Result<JsonObject, ApiStatusError> =>
  contentType === "application/vnd.kubernetes.protobuf" ? decodeProtobuf(body) : decodeText(contentType, body)

const decodeText = (contentType: string, body: Uint8Array): Result.Result<JsonObject, ApiStatusError> =>
  Result.flatMap(
    decodeBody(contentType, body),
    (value) =>
      isObject(value) ? Result.succeed(value) : Result.fail(badRequest("Object 'Kind' is missing in the request body"))
  )

/**
 * Searches breadth first, because a recursive check would overflow the stack on exactly the bodies that it looks for.
 */
const isShallow = (value: Json): boolean => {
  let level: Array<Json> = [value]
  for (let depth = 0; depth < maximumDepth; depth += 1) {
    level = level.flatMap((item) => typeof item === "object" && item !== null ? Object.values(item) : [])
    if (level.length === 0) return true
  }
  return false
}
