/**
 * Watches over HTTP. Bookmarks come once a minute, so they are tested only on the embedded server, with a virtual
 * clock; a server in another process has no clock that a test could set.
 */
import { assert, describe } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { at, type JsonObject, listAt, objectAt, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch, watch } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { cfg, workspace } from "./Workspace.ts"

const summary = (event: JsonObject): string => `${textAt(event, "type")} ${textAt(event, "object", "metadata", "name")}`
const next = (queue: Queue.Dequeue<JsonObject, "ended">) => Effect.map(Queue.take(queue), summary)
const untilEnd = Effect.fn("untilEnd")(function*(queue: Queue.Dequeue<JsonObject, "ended">) {
  const seen: Array<JsonObject> = []
  yield* Queue.take(queue).pipe(
    Effect.tap((event) => Effect.sync(() => seen.push(event))),
    Effect.forever,
    Effect.ignore
  )
  return seen
})
const versionOf = (object: JsonObject): string => textAt(object, "metadata", "resourceVersion")

const accept = (as: string) => ({ accept: `application/json;as=${as};v=v1;g=meta.k8s.io,application/json` })
const relabel = (path: string, labels: JsonObject) => patch(path, "merge-patch+json", { metadata: { labels } })

export const watchesContract = (it: ContractTests) =>
  describe("watches", () => {
    changes(it)
    versions(it)
    shapes(it)
  })

const changes = (it: ContractTests) => {
  it.effect("sends the present state first when no version is named, then each change", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      yield* call("POST", cfgs, cfg("a"))
      const { events, status } = yield* watch(`${cfgs}?watch=true`)
      assert.strictEqual(status, 200)
      assert.strictEqual(yield* next(events), "ADDED a")
      yield* call("POST", cfgs, cfg("b"))
      assert.strictEqual(yield* next(events), "ADDED b")
      const changed = yield* relabel(`${cfgs}/b`, { x: "y" })
      const modified = yield* Queue.take(events)
      assert.deepStrictEqual(modified, { type: "MODIFIED", object: changed.body })
      yield* call("DELETE", `${cfgs}/b`)
      const deleted = yield* Queue.take(events)
      assert.strictEqual(summary(deleted), "DELETED b")
      // The version of the deletion, not of the object: a watch resumes after it.
      assert.notStrictEqual(textAt(deleted, "object", "metadata", "resourceVersion"), versionOf(changed.body))
    }))

  it.effect("shows an object that enters a selection as added and one that leaves it as deleted", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const { events } = yield* watch(`${cfgs}?watch=1&labelSelector=x%3Dy`)
      yield* call("POST", cfgs, cfg("a"))
      yield* relabel(`${cfgs}/a`, { x: "y" })
      yield* relabel(`${cfgs}/a`, { x: "z" })
      assert.deepStrictEqual([yield* next(events), yield* next(events)], ["ADDED a", "DELETED a"])
      const named = yield* watch(`${cfgs}?watch=1&fieldSelector=metadata.name%3Db`)
      yield* call("POST", cfgs, cfg("b"))
      assert.strictEqual(yield* next(named.events), "ADDED b")
    }))

  it.effect("answers with headers before there is any event", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      assert.strictEqual((yield* watch(`${cfgs}?watch=true`)).status, 200)
    }))

  it.effect("ends after timeoutSeconds, and says before how far it came when bookmarks are wanted", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const { events } = yield* watch(`${cfgs}?watch=true&timeoutSeconds=3&allowWatchBookmarks=true`)
      const silent = yield* watch(`${cfgs}?watch=true&timeoutSeconds=3`)
      yield* call("POST", cfgs, cfg("a"))
      assert.deepStrictEqual((yield* untilEnd(silent.events)).map(summary), ["ADDED a"])
      const seen = yield* untilEnd(events)
      assert.include(seen.map(summary), "ADDED a")
      const bookmarks = seen.filter((event) => textAt(event, "type") === "BOOKMARK")
      assert.strictEqual(seen.length, bookmarks.length + 1)
      const last = bookmarks.at(-1)
      assert.strictEqual(textAt(last, "object", "kind"), "NodePTPCfg")
      const resumed = yield* watch(`${cfgs}?watch=true&resourceVersion=${versionOf(objectAt(last, "object"))}`)
      yield* call("POST", cfgs, cfg("b"))
      assert.include(yield* next(resumed.events), "b")
    }))

  it.effect("goes on for others when a client goes away", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const gone = yield* watch(`${cfgs}?watch=true`)
      const { events } = yield* watch(`${cfgs}?watch=true`)
      yield* gone.abort
      yield* call("POST", cfgs, cfg("a"))
      assert.strictEqual(yield* next(events), "ADDED a")
    }))
}

const versions = (it: ContractTests) => {
  it.effect("resumes after the version of a list, without a gap and without a repetition", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      yield* call("POST", cfgs, cfg("a"))
      const list = yield* call("GET", cfgs)
      yield* call("POST", cfgs, cfg("b"))
      const { events } = yield* watch(`${cfgs}?watch=true&resourceVersion=${versionOf(list.body)}`)
      yield* call("POST", cfgs, cfg("c"))
      assert.deepStrictEqual([yield* next(events), yield* next(events)], ["ADDED b", "ADDED c"])
    }))

  it.effect("tells with an ERROR event that a version is forgotten, and ends", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const { events, status } = yield* watch(`${cfgs}?watch=true&resourceVersion=1`)
      assert.strictEqual(status, 200)
      const error = yield* Queue.take(events)
      assert.deepStrictEqual(
        [textAt(error, "type"), at(error, "object", "code"), textAt(error, "object", "reason")],
        ["ERROR", 410, "Expired"]
      )
      assert.match(textAt(error, "object", "message"), /^too old resource version: 1 \(\d+\)$/)
      assert.strictEqual(yield* Effect.flip(Queue.take(events)), "ended")
    }))

  it.effect("says nothing on a watch from the future, not even that it is one", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const early = yield* watch(`${cfgs}?watch=true&resourceVersion=999999999999`)
      const { events } = yield* watch(`${cfgs}?watch=true`)
      yield* call("POST", cfgs, cfg("a"))
      assert.strictEqual(yield* next(events), "ADDED a")
      assert.deepStrictEqual([early.status, yield* Queue.size(early.events)], [200, 0])
    }))

  it.effect("ends a streaming list from the future with an ERROR event", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const query = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
      const { events, status } = yield* watch(`${cfgs}?${query}&resourceVersion=999999999999`)
      const error = yield* Queue.take(events)
      assert.deepStrictEqual([status, textAt(error, "type"), at(error, "object", "code")], [200, "ERROR", 504])
      assert.match(textAt(error, "object", "message"), /^Timeout: Too large resource version: 999999999999/)
      assert.strictEqual(yield* Effect.flip(Queue.take(events)), "ended")
    }))

  it.effect("sends the present state first for version 0, without an end mark", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const created = yield* call("POST", cfgs, cfg("a"))
      yield* call("GET", `${cfgs}?resourceVersion=${versionOf(created.body)}`)
      const { events } = yield* watch(`${cfgs}?watch=true&resourceVersion=0`)
      assert.strictEqual(yield* next(events), "ADDED a")
    }))

  it.effect("marks the end of the initial events of a streaming list", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      yield* call("POST", cfgs, cfg("a"))
      const query = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
      const { events } = yield* watch(`${cfgs}?${query}`)
      assert.strictEqual(yield* next(events), "ADDED a")
      const end = yield* Queue.take(events)
      assert.strictEqual(textAt(end, "type"), "BOOKMARK")
      assert.strictEqual(textAt(end, "object", "metadata", "annotations", "k8s.io/initial-events-end"), "true")
      assert.strictEqual(textAt(end, "object", "kind"), "NodePTPCfg")
      const unmatched = yield* call("GET", `${cfgs}?watch=1&sendInitialEvents=true`)
      assert.deepStrictEqual([unmatched.status, textAt(unmatched.body, "message")], [
        422,
        "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting " +
        "resourceVersionMatch to NotOlderThan"
      ])
    }))
}

const shapes = (it: ContractTests) =>
  it.effect("shapes events as tables, with columns in the first only, and as metadata", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
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
    }))
