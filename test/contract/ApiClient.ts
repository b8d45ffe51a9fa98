/**
 * An HTTP client for the API server under test: single requests, or the events of a watch as they arrive. It uses
 * node:http or node:https with the server's CA and the administrator's token, because `fetch` cannot be given a CA.
 */
import { Cause, Effect, Queue, Result, type Scope } from "effect"
import { type IncomingMessage, request as httpRequest } from "node:http"
import { request as httpsRequest } from "node:https"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import { isObject, type Json, type JsonObject } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { ApiServerUnderTest } from "./ApiServerUnderTest.ts"

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage["headers"]
  readonly body: JsonObject
}

interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** A text as a JSON object: anything else stands in its `text` or `value`. */
export const jsonObject = (line: string): JsonObject => {
  const parsed: Json = Result.getOrElse(Result.try((): Json => JSON.parse(line)), () => ({ text: line }))
  return isObject(parsed) ? parsed : { value: parsed }
}

/** The head of the answer; its body comes for as long as the scope is open. */
const send = Effect.fnUntraced(function*(
  { body, headers, method, path }: Sent
): Effect.fn.Return<IncomingMessage, never, ApiServerUnderTest | Scope.Scope> {
  const { adminToken, ca, url } = yield* ApiServerUnderTest
  const request = yield* Effect.acquireRelease(
    Effect.sync(() =>
      (url.startsWith("https:") ? httpsRequest : httpRequest)(new URL(`${url}${path}`), {
        method,
        ...(ca === undefined ? {} : { ca }),
        headers: { ...(adminToken === undefined ? {} : { authorization: `Bearer ${adminToken}` }), ...headers }
      })
    ),
    (sent) => Effect.sync(() => sent.destroy())
  )
  return yield* Effect.callback<IncomingMessage>((resume) => {
    request.once("response", (response) => {
      // A body that is cut off by the end of the scope is nobody's failure.
      response.on("error", () => {})
      resume(Effect.succeed(response))
    })
    request.on("error", (error) => resume(Effect.die(error)))
    request.end(body)
  })
})

/** One request. A body that is neither text nor bytes is sent as JSON. */
export const call = Effect.fn("call")(
  function*(method: string, path: string, body?: Json | Uint8Array, headers: Sent["headers"] = {}) {
    const sent = body === undefined || typeof body === "string" || body instanceof Uint8Array
      ? body
      : JSON.stringify(body)
    const described = sent === undefined
      ? {}
      : { "content-type": "application/json", "content-length": String(Buffer.byteLength(sent)) }
    const response = yield* send({
      method,
      path,
      headers: { ...described, ...headers },
      ...(sent === undefined ? {} : { body: sent })
    })
    const answered = yield* Effect.promise(() => text(response))
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: jsonObject(answered)
    } satisfies Answer
  },
  Effect.scoped
)

/** PATCH with the content type of the patch. */
export const patch = (path: string, type: string, body: Json) =>
  call("PATCH", path, body, { "content-type": `application/${type}` })

/** Begins a watch: its response's status, and its events in order; the queue ends with the stream. */
export const watch = Effect.fn("watch")(function*(path: string, headers: Sent["headers"] = {}) {
  const response = yield* send({ method: "GET", path, headers })
  const events = yield* Queue.unbounded<JsonObject, "ended">()
  const lines = createInterface({ input: response })
  // A connection that breaks ends the queue like an orderly end; readline hands the error on.
  lines.on("error", () => {})
  lines.on("line", (line) => Queue.offerUnsafe(events, jsonObject(line)))
  lines.on("close", () => Queue.failCauseUnsafe(events, Cause.fail("ended")))
  return { status: response.statusCode ?? 0, events, abort: Effect.sync(() => response.destroy()) }
})
