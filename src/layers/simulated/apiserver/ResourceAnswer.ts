/** Finds the verb for the method and path of a request, and makes an HTTP response of the verb's result. */
import { Clock, Effect, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { type ApiRequest, isOn } from "./ApiRequest.ts"
import { methodNotAllowed, notAcceptable, notFound, unknownResource } from "./ApiStatusError.ts"
import { deleteCollection, deleteObject } from "./DeleteVerbs.ts"
import type { Json } from "./JsonTree.ts"
import { getObject, listObjects } from "./ReadVerbs.ts"
import { acceptedShape, type Representation, representList, representObject } from "./Tables.ts"
import { watchObjects } from "./WatchVerb.ts"
import { createObject, patchObject, updateObject, type Written } from "./WriteVerbs.ts"

/** Clients read headers as a whole, so more or longer warnings than this would be of no use. */
const maximumWarnings = 16
const maximumWarningLength = 256

/** The value of a Warning header (RFC 7234, code 299). Field names may contain any character, headers only ASCII. */
const warningHeader = (warnings: ReadonlyArray<string>): string =>
  warnings.slice(0, maximumWarnings)
    .map((text) => `299 - ${JSON.stringify(text.slice(0, maximumWarningLength).replaceAll(/[^ -~]/gu, "?"))}`)
    .join(", ")

/** A JSON response. `warnings` become Warning headers, which kubectl prints. */
export const jsonResponse = (body: Json, status = 200, warnings: ReadonlyArray<string> = []) =>
  HttpServerResponse.text(`${JSON.stringify(body)}\n`, {
    status,
    contentType: "application/json",
    headers: warnings.length === 0 ? {} : { warning: warningHeader(warnings) }
  })

/** Answers a request to a served resource. */
export const answerResource = Effect.fn("EmbeddedApiServer.answer")(function*(request: ApiRequest, accept: string) {
  const { kind, method, query, target } = request
  const asked = query.get("includeObject")
  const includeObject = asked === "None" || asked === "Object" ? asked : "Metadata"
  const nowMillis = yield* Clock.currentTimeMillis
  const shape = acceptedShape(accept)
  if (shape === undefined) return yield* notAcceptable()
  const as: Representation = { kind, shape, includeObject, nowMillis }
  const isStatus = target.subresource === "status" && kind.hasStatus
  if (target.subresource !== "" && !isStatus) {
    return yield* kind.schema === undefined ? unknownResource() : notFound(kind, target.name)
  }
  switch (`${method} ${target.name === "" ? "collection" : "object"}`) {
    case "GET collection":
      return isOn(query, "watch") ? yield* watchResponse(request, as) : yield* listResponse(request, as)
    case "GET object":
      if (isOn(query, "watch")) return yield* watchResponse(request, as)
      return jsonResponse(representObject(as, yield* getObject(request)))
    case "POST collection":
      return writtenResponse(as, yield* createObject(request))
    case "PUT object":
      return writtenResponse(as, yield* updateObject(request))
    case "PATCH object":
      return writtenResponse(as, yield* patchObject(request))
    case "DELETE object":
      if (isStatus) return yield* methodNotAllowed()
      return jsonResponse(yield* deleteObject(request))
    case "DELETE collection": {
      const page = yield* deleteCollection(request)
      return jsonResponse(representList(as, page.metadata, page.objects))
    }
    default:
      return yield* methodNotAllowed()
  }
})

const writtenResponse = (as: Representation, written: Written) =>
  jsonResponse(representObject(as, written.object), written.isNew ? 201 : 200, written.warnings)

const listResponse = Effect.fnUntraced(function*(request: ApiRequest, as: Representation) {
  const page = yield* listObjects(request)
  return jsonResponse(representList(as, page.metadata, page.objects))
})

const watchResponse = Effect.fnUntraced(function*(request: ApiRequest, as: Representation) {
  const lines = yield* watchObjects(request, as)
  // The empty chunk makes the server send the headers. Clients wait for them, and the first event may come much later.
  const body = Stream.concat(Stream.make(new Uint8Array(0)), lines)
  return HttpServerResponse.stream(body, { contentType: "application/json" })
})
