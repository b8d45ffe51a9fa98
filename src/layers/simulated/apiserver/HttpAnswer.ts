/**
 * The HTTP side of the embedded API server: it makes one response for one request. Documents are answered here,
 * resources by their verbs. Every refusal becomes a `Status`, and every request gets an answer.
 */
import { ByteSize, Cause, Effect, Result } from "effect"
import { HttpIncomingMessage, HttpServerRequest, HttpServerResponse } from "effect/http"
import {
  type ApiStatusError,
  badRequest,
  internalError,
  statusObject,
  tooLarge,
  unknownResource
} from "./ApiStatusError.ts"
import { discoveryDocument, versionDocument } from "./Discovery.ts"
import { ObjectStore } from "./ObjectStore.ts"
import { openApiDocument, openApiIndex, openApiV2, openApiV2Protobuf } from "./OpenApi.ts"
import { maximumBodyBytes } from "./RequestBody.ts"
import { parseRequestTarget, type RequestTarget } from "./RequestTarget.ts"
import { answerResource, jsonResponse } from "./ResourceAnswer.ts"
import type { ServedKind } from "./ServedKind.ts"
import { servedKinds } from "./ServedKinds.ts"

/** Answers one HTTP request. */
export const answerHttp = Effect.gen(function*() {
  const request = yield* HttpServerRequest.HttpServerRequest
  return yield* answer(request).pipe(
    Effect.catch((error) => Effect.succeed(refusal(error))),
    Effect.catchCause((cause) =>
      // The client has gone away, so nobody needs an answer.
      Cause.hasInterruptsOnly(cause) ? Effect.failCause(cause) : Effect.as(
        Effect.logError("request failed").pipe(
          Effect.annotateLogs({ method: request.method, url: request.url, cause: Cause.pretty(cause) })
        ),
        refusal(internalError())
      )
    )
  )
})

const refusal = (error: ApiStatusError) => jsonResponse(statusObject(error), error.code, error.warnings)

const answer = Effect.fnUntraced(function*(request: HttpServerRequest.HttpServerRequest) {
  const url = Result.getOrUndefined(Result.try(() => new URL(request.url, "http://localhost")))
  if (url === undefined) return yield* badRequest("the request's URL cannot be read")
  const store = yield* ObjectStore
  const kinds = yield* servedKinds
  const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, "") : url.pathname
  const accept = request.headers["accept"] ?? ""
  if (request.method === "GET" || request.method === "HEAD") {
    const document = documentResponse(kinds, path, accept, yield* store.resourceVersion)
    if (document !== undefined) return document
  }
  const target = parseRequestTarget(path)
  if (target === undefined) return yield* unknownResource()
  const kind = kinds.find((served) => isKindOf(target, served))
  if (kind === undefined) return yield* unknownResource()
  const contentType = (request.headers["content-type"] ?? "").split(";", 1).join("").trim().toLowerCase()
  const body = yield* bodyOf(request)
  return yield* answerResource(
    { method: request.method, target, kind, query: url.searchParams, contentType, body },
    accept
  )
})

const isKindOf = (target: RequestTarget, kind: ServedKind): boolean =>
  kind.group === target.group && kind.version === target.version && kind.plural === target.plural &&
  (kind.namespaced ? target.name === "" || target.namespace !== "" : target.namespace === "")

const bodyOf = Effect.fnUntraced(function*(request: HttpServerRequest.HttpServerRequest) {
  if (request.method === "GET" || request.method === "HEAD") return new Uint8Array(0)
  const refused = tooLarge(`Request entity too large: limit is ${maximumBodyBytes}`)
  // Checked before the body is read, so that a client waiting for "100 Continue" does not send it.
  if (Number(request.headers["content-length"] ?? 0) > maximumBodyBytes) return yield* refused
  const bytes = yield* request.arrayBuffer.pipe(Effect.mapError(() => refused), limitBody)
  return new Uint8Array(bytes)
})

const limitBody = Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.fromInputUnsafe(maximumBodyBytes))

const documentResponse = (
  kinds: ReadonlyArray<ServedKind>,
  path: string,
  accept: string,
  version: number
): HttpServerResponse.HttpServerResponse | undefined => {
  if (/^\/(healthz|livez|readyz)(\/|$)/.test(path)) return HttpServerResponse.text("ok")
  if (path === "/version") return jsonResponse(versionDocument)
  if (path === "/openapi/v2") {
    return accept.includes("protobuf")
      ? HttpServerResponse.uint8Array(openApiV2Protobuf, {
        contentType: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
      })
      : jsonResponse(openApiV2)
  }
  const document = path === "/openapi/v3"
    ? openApiIndex(kinds, String(version))
    : path.startsWith("/openapi/v3/")
    ? openApiDocument(kinds, path.slice("/openapi/v3/".length))
    : discoveryDocument(kinds, path)
  return document === undefined ? undefined : jsonResponse(document)
}
