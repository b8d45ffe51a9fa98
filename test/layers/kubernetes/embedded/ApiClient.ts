/** Talks HTTP to an embedded API server in tests: one request, or the events of a watch as they come. */
import { type Duration, Effect, Layer, Queue, Result, Stream } from "effect"
import { readFileSync } from "node:fs"
import { parseAllDocuments } from "yaml"
import type { Json, JsonObject } from "../../../../src/layers/kubernetes/embedded/JsonTree.ts"
import { isObject } from "../../../../src/layers/kubernetes/embedded/JsonTree.ts"
import { ObjectStore } from "../../../../src/layers/kubernetes/embedded/ObjectStore.ts"
import { EmbeddedApiServer } from "../../../../src/layers/kubernetes/EmbeddedApiServer.ts"

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: JsonObject
}

/** A server on any free port of loopback, whose history and bookmarks the test chooses. */
export const server = (
  options: { readonly historyLimit?: number; readonly bookmarkInterval?: Duration.Duration } = {}
) => Layer.fresh(EmbeddedApiServer.layer({ port: 0, startsAt: 100, ...options }))

const object = (text: string): JsonObject => {
  const parsed: Json = Result.getOrElse(Result.try((): Json => JSON.parse(text)), () => ({ text }))
  return isObject(parsed) ? parsed : { value: parsed }
}

/** One request. A body that is not text is sent as JSON. */
export const call = Effect.fn("call")(function*(
  method: string,
  path: string,
  body?: Json | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {}
) {
  const { url } = yield* EmbeddedApiServer
  const sent = body === undefined || typeof body === "string" || body instanceof Uint8Array
    ? body
    : JSON.stringify(body)
  const contentType = body === undefined ? {} : { "content-type": "application/json" }
  const response = yield* Effect.promise((signal) =>
    fetch(`${url}${path}`, {
      method,
      signal,
      headers: { ...contentType, ...headers },
      ...(sent === undefined ? {} : { body: sent })
    })
  )
  const text = yield* Effect.promise(() => response.text())
  return { status: response.status, headers: response.headers, body: object(text) } satisfies Answer
})

/** PATCH with the content type of the patch. */
export const patch = (path: string, type: string, body: Json) =>
  call("PATCH", path, body, { "content-type": `application/${type}` })

/** Begins a watch: its response's status, and its events in order; the queue ends with the stream. */
export const watch = Effect.fn("watch")(function*(path: string, headers: Readonly<Record<string, string>> = {}) {
  const { url } = yield* EmbeddedApiServer
  const controller = yield* Effect.acquireRelease(
    Effect.sync(() => new AbortController()),
    (controller) => Effect.sync(() => controller.abort())
  )
  const response = yield* Effect.promise(() => fetch(`${url}${path}`, { signal: controller.signal, headers }))
  const events = yield* Queue.bounded<JsonObject, "ended">(1000)
  const bytes = response.body ?? new ReadableStream<Uint8Array>()
  yield* Stream.fromReadableStream({ evaluate: () => bytes, onError: () => "ended" as const }).pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runForEach((line) => Queue.offer(events, object(line))),
    Effect.ignore,
    Effect.andThen(Queue.fail(events, "ended" as const)),
    Effect.forkScoped
  )
  return { status: response.status, events, abort: Effect.sync(() => controller.abort()) }
})

/** Waits until the server has so many watches under way: a response's headers come a moment before. */
export const untilOpenWatches = Effect.fn("untilOpenWatches")(function*(count: number) {
  const store = yield* ObjectStore
  yield* Effect.yieldNow.pipe(Effect.repeat({ until: () => Effect.map(store.openWatches, (open) => open === count) }))
})

/** The documents of a manifest of the project. */
export const manifest = (name: string): ReadonlyArray<JsonObject> =>
  parseAllDocuments(readFileSync(new URL(`../../../../deploy/${name}`, import.meta.url), "utf8"))
    .map((document) => object(JSON.stringify(document.toJS())))

export const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
export const cfgs = "/apis/ptp.openshift.io/v1/namespaces/ptp/nodeptpcfgs"
export const devs = "/apis/ptp.openshift.io/v1/namespaces/ptp/nodeptpdevs"

/** A NodePTPCfg of one profile. */
export const cfg = (name: string, spec: JsonObject = { profile: [{ name: "p" }] }): JsonObject => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name },
  spec
})

/** A NodePTPDev as the daemon creates it. */
export const dev = (name: string): JsonObject => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPDev",
  metadata: { name },
  spec: {}
})

/** Namespace and CRDs from the project's manifests. */
export const install = Effect.gen(function*() {
  for (const namespace of manifest("00-ns.yaml")) yield* call("POST", "/api/v1/namespaces", namespace)
  for (const definition of manifest("01-crd.yaml")) yield* call("POST", crds, definition)
})
