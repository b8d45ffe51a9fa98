/**
 * Keeps web pages away from the demo's API server, which asks nobody for credentials. A page of another site can send
 * requests to this machine, directly or by a name that it lets point here (DNS rebinding); a browser tells both.
 */
import { Effect } from "effect"
import { HttpServerRequest, type HttpServerResponse } from "effect/http"
import { ApiStatusError, statusObject } from "../../../layers/simulated/apiserver/ApiStatusError.ts"
import { jsonResponse } from "../../../layers/simulated/apiserver/ResourceAnswer.ts"

/** The names under which the server can be reached. The port may be that of a tunnel. */
const localHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i

/** Answers with 403 what is not from a client of this machine; everything else is handed on. */
export const onlyLocalClients = <E, R>(answer: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
  Effect.gen(function*() {
    const { headers } = yield* HttpServerRequest.HttpServerRequest
    const text = whyRefused(headers["host"] ?? "", headers["origin"])
    return text === undefined ? yield* answer : forbidden(text)
  })

const whyRefused = (host: string, origin: string | undefined): string | undefined => {
  if (!localHost.test(host)) {
    return `the demo's API server is for clients of this machine: it answers to localhost, not to ${shown(host)}`
  }
  // kubectl, curl and the daemon send no Origin. Browsers send it with every request that could change something.
  return origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`
    ? undefined
    : `the demo's API server is not for web pages: the request is from ${shown(origin)}`
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 100))

/** Kubernetes' answer to a request that is not allowed. */
export const forbidden = (text: string): HttpServerResponse.HttpServerResponse =>
  jsonResponse(statusObject(new ApiStatusError({ code: 403, reason: "Forbidden", text })), 403)
