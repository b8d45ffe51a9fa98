import { assert, describe, it } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { TestClock } from "effect/testing"
import { at, type JsonObject, listAt, textAt } from "../../../../src/layers/kubernetes/embedded/JsonTree.ts"
import { ObjectStore } from "../../../../src/layers/kubernetes/embedded/ObjectStore.ts"
import { nodePTPCfgs } from "../../../../src/services/kubernetes/NodePTPCfg.ts"
import { call, cfg, cfgs, crds, install, patch, server, untilOpenWatches, watch } from "./ApiClient.ts"

const summary = (event: JsonObject): string => `${textAt(event, "type")} ${textAt(event, "object", "metadata", "name")}`
const next = (queue: Queue.Dequeue<JsonObject, "ended">) => Effect.map(Queue.take(queue), summary)
const versionOf = (object: JsonObject): string => textAt(object, "metadata", "resourceVersion")

const accept = (shape: string) => ({ accept: `application/json;as=${shape};v=v1;g=meta.k8s.io,application/json` })

describe("watches over HTTP", () => {
  it.effect("sends the present state first when no version is named, then each change", () =>
    Effect.gen(function*() {
      yield* install
      yield* call("POST", cfgs, cfg("a"))
      const { events, status } = yield* watch(`${cfgs}?watch=true`)
      assert.strictEqual(status, 200)
      assert.strictEqual(yield* next(events), "ADDED a")
      yield* call("POST", cfgs, cfg("b"))
      assert.strictEqual(yield* next(events), "ADDED b")
      yield* patch(`${cfgs}/b`, "merge-patch+json", { metadata: { labels: { x: "y" } } })
      assert.strictEqual(yield* next(events), "MODIFIED b")
      yield* call("DELETE", `${cfgs}/b`)
      const deleted = yield* Queue.take(events)
      assert.strictEqual(summary(deleted), "DELETED b")
      const list = yield* call("GET", cfgs)
      assert.strictEqual(textAt(deleted, "object", "metadata", "resourceVersion"), versionOf(list.body))
    }).pipe(Effect.provide(server())))

  it.effect("answers with headers before there is any event", () =>
    Effect.gen(function*() {
      yield* install
      assert.strictEqual((yield* watch(`${cfgs}?watch=true`)).status, 200)
    }).pipe(Effect.provide(server())))

  it.effect("resumes after the version of a list, without a gap and without a repetition", () =>
    Effect.gen(function*() {
      yield* install
      yield* call("POST", cfgs, cfg("a"))
      const list = yield* call("GET", cfgs)
      yield* call("POST", cfgs, cfg("b"))
      const { events } = yield* watch(`${cfgs}?watch=true&resourceVersion=${versionOf(list.body)}`)
      yield* call("POST", cfgs, cfg("c"))
      assert.deepStrictEqual([yield* next(events), yield* next(events)], ["ADDED b", "ADDED c"])
    }).pipe(Effect.provide(server())))

  it.effect("shows an object that enters a selection as added and one that leaves it as deleted", () =>
    Effect.gen(function*() {
      yield* install
      const { events } = yield* watch(`${cfgs}?watch=1&labelSelector=x%3Dy`)
      yield* call("POST", cfgs, cfg("a"))
      yield* patch(`${cfgs}/a`, "merge-patch+json", { metadata: { labels: { x: "y" } } })
      yield* patch(`${cfgs}/a`, "merge-patch+json", { metadata: { labels: { x: "z" } } })
      assert.deepStrictEqual([yield* next(events), yield* next(events)], ["ADDED a", "DELETED a"])
      const named = yield* watch(`${cfgs}?watch=1&fieldSelector=metadata.name%3Db`)
      yield* call("POST", cfgs, cfg("b"))
      assert.strictEqual(yield* next(named.events), "ADDED b")
    }).pipe(Effect.provide(server())))

  it.effect("refuses a version that is forgotten with 410, and one to come with 504", () =>
    Effect.gen(function*() {
      yield* install
      const list = yield* call("GET", cfgs)
      yield* call("POST", cfgs, cfg("a"))
      const store = yield* ObjectStore
      yield* store.compact(nodePTPCfgs)
      const current = yield* store.resourceVersion
      const gone = yield* call("GET", `${cfgs}?watch=true&resourceVersion=${versionOf(list.body)}`)
      assert.deepStrictEqual([gone.status, textAt(gone.body, "reason"), textAt(gone.body, "message")], [
        410,
        "Expired",
        `too old resource version: ${versionOf(list.body)} (${current})`
      ])
      const early = yield* call("GET", `${cfgs}?watch=true&resourceVersion=${current + 1}`)
      assert.deepStrictEqual([early.status, textAt(early.body, "reason")], [504, "Timeout"])
      assert.strictEqual((yield* watch(`${cfgs}?watch=true&resourceVersion=${current}`)).status, 200)
    }).pipe(Effect.provide(server())))

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

  it.effect("marks the end of the initial events of a streaming list", () =>
    Effect.gen(function*() {
      yield* install
      yield* call("POST", cfgs, cfg("a"))
      const query = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
      const { events } = yield* watch(`${cfgs}?${query}`)
      assert.strictEqual(yield* next(events), "ADDED a")
      const end = yield* Queue.take(events)
      assert.strictEqual(textAt(end, "object", "metadata", "annotations", "k8s.io/initial-events-end"), "true")
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

  it.effect("ends the watches of a definition that is deleted, after its objects' deletions", () =>
    Effect.gen(function*() {
      yield* install
      yield* call("POST", cfgs, cfg("a"))
      const { events } = yield* watch(`${cfgs}?watch=true`)
      assert.strictEqual(yield* next(events), "ADDED a")
      yield* call("DELETE", `${crds}/nodeptpcfgs.ptp.openshift.io`)
      assert.strictEqual(yield* next(events), "DELETED a")
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

  it.effect("shapes events as tables, with columns in the first only, and as metadata", () =>
    Effect.gen(function*() {
      yield* install
      yield* call("POST", cfgs, cfg("a"))
      yield* call("POST", cfgs, cfg("b"))
      const { events } = yield* watch(`${cfgs}?watch=true`, accept("Table"))
      const tables = [yield* Queue.take(events), yield* Queue.take(events)]
      assert.deepStrictEqual(tables.map((event) => listAt(event, "object", "columnDefinitions").length), [3, 0])
      assert.deepStrictEqual(
        tables.map((event) => listAt(listAt(event, "object", "rows")[0], "cells")[0]),
        ["a", "b"]
      )
      const partial = yield* watch(`${cfgs}?watch=true`, accept("PartialObjectMetadata"))
      const event = yield* Queue.take(partial.events)
      assert.strictEqual(textAt(event, "object", "kind"), "PartialObjectMetadata")
      assert.isUndefined(at(event, "object", "spec"))
    }).pipe(Effect.provide(server())))

  it.effect("forgets the oldest changes of a kind when its history is full", () =>
    Effect.gen(function*() {
      yield* install
      const store = yield* ObjectStore
      const start = yield* store.resourceVersion
      for (let index = 0; index < 5; index += 1) yield* call("POST", cfgs, cfg(`c${index}`))
      assert.strictEqual((yield* call("GET", `${cfgs}?watch=true&resourceVersion=${start}`)).status, 410)
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
