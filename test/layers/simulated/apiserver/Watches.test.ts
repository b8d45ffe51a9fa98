/** What of a watch needs a virtual clock or the store behind it; the rest is the contract of every API server. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { TestClock } from "effect/testing"
import { at, type JsonObject, textAt } from "../../../../src/layers/simulated/apiserver/JsonTree.ts"
import { ObjectStore } from "../../../../src/layers/simulated/apiserver/ObjectStore.ts"
import { nodePTPCfgs } from "../../../../src/services/kubernetes/NodePTPCfg.ts"
import { call, watch } from "../../../contract/ApiClient.ts"
import { cfg } from "../../../contract/Workspace.ts"
import { server } from "./EmbeddedServerUnderTest.ts"
import { cfgs, install, untilOpenWatches } from "./PtpNamespace.ts"

const summary = (event: JsonObject): string => `${textAt(event, "type")} ${textAt(event, "object", "metadata", "name")}`
const next = (queue: Queue.Dequeue<JsonObject, "ended">) => Effect.map(Queue.take(queue), summary)
const versionOf = (object: JsonObject): string => textAt(object, "metadata", "resourceVersion")

describe("watches of the embedded server", () => {
  it.effect("sends a bookmark once a minute to who asked, also while others' objects change", () =>
    Effect.gen(function*() {
      yield* install
      const query = "watch=true&fieldSelector=metadata.name%3Dmine"
      const { events } = yield* watch(`${cfgs}?${query}&allowWatchBookmarks=true`)
      const silent = yield* watch(`${cfgs}?${query}`)
      yield* untilOpenWatches(2)
      yield* TestClock.adjust("59 seconds")
      const other = yield* call("POST", cfgs, cfg("b"))
      yield* TestClock.adjust("1 second")
      const bookmark = yield* Queue.take(events)
      assert.strictEqual(textAt(bookmark, "type"), "BOOKMARK")
      assert.strictEqual(textAt(bookmark, "object", "metadata", "resourceVersion"), versionOf(other.body))
      yield* call("POST", cfgs, cfg("mine"))
      assert.strictEqual(yield* next(silent.events), "ADDED mine")
    }).pipe(Effect.provide(server())))

  it.effect("ends after timeoutSeconds, not before", () =>
    Effect.gen(function*() {
      yield* install
      const { events } = yield* watch(`${cfgs}?watch=true&timeoutSeconds=10`)
      yield* untilOpenWatches(1)
      yield* TestClock.adjust("9 seconds")
      yield* call("POST", cfgs, cfg("a"))
      assert.strictEqual(yield* next(events), "ADDED a")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Effect.flip(Queue.take(events)), "ended")
    }).pipe(Effect.provide(server())))

  it.effect("leaves nothing behind when a client goes away", () =>
    Effect.gen(function*() {
      yield* install
      yield* call("POST", cfgs, cfg("a"))
      const store = yield* ObjectStore
      const { abort, events } = yield* watch(`${cfgs}?watch=true`)
      assert.strictEqual(yield* next(events), "ADDED a")
      assert.strictEqual(yield* store.openWatches, 1)
      yield* abort
      yield* untilOpenWatches(0)
    }).pipe(Effect.provide(server())))

  it.effect("forgets the oldest changes of a kind when its history is full", () =>
    Effect.gen(function*() {
      yield* install
      const store = yield* ObjectStore
      const start = yield* store.resourceVersion
      for (let index = 0; index < 5; index += 1) yield* call("POST", cfgs, cfg(`c${index}`))
      const gone = yield* watch(`${cfgs}?watch=true&resourceVersion=${start}`)
      assert.strictEqual(at(yield* Queue.take(gone.events), "object", "code"), 410)
      const { events } = yield* watch(`${cfgs}?watch=true&resourceVersion=${start + 3}`)
      assert.deepStrictEqual([yield* next(events), yield* next(events)], ["ADDED c3", "ADDED c4"])
    }).pipe(Effect.provide(server({ historyLimit: 2 }))))

  it.effect("ends with an ERROR event when the history is forgotten under way", () =>
    Effect.gen(function*() {
      yield* install
      const { events } = yield* watch(`${cfgs}?watch=true`)
      yield* call("POST", cfgs, cfg("a"))
      assert.strictEqual(yield* next(events), "ADDED a")
      yield* call("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "other" } })
      const store = yield* ObjectStore
      yield* store.compact(nodePTPCfgs)
      yield* call("POST", cfgs, cfg("b"))
      const error = yield* Queue.take(events)
      assert.deepStrictEqual([textAt(error, "type"), at(error, "object", "code")], ["ERROR", 410])
      assert.strictEqual(yield* Effect.flip(Queue.take(events)), "ended")
    }).pipe(Effect.provide(server())))
})
