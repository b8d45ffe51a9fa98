import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { nodes } from "../../../../src/services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../../../../src/services/kubernetes/NodePTPCfg.ts"
import { connectScripted } from "../ScriptedClient.ts"
import { asked, bookmark, listOf, object, summary, watchOpened, watchScripted } from "../ScriptedWatch.ts"

const path = "/apis/ptp.openshift.io/v1/namespaces/ptp/nodeptpcfgs"

describe("a healthy watch", () => {
  it.effect("gives the set after the LIST, also when it is empty", () =>
    Effect.gen(function*() {
      const { nextSet, server } = yield* watchScripted()
      const list = yield* server.next
      assert.strictEqual(list.path, path)
      assert.deepStrictEqual(list.params, { limit: "500", resourceVersion: "0" })
      yield* list.answer(200, listOf("40"))
      assert.deepStrictEqual(yield* nextSet, { change: "LISTED", objects: [] })
    }))

  it.effect("gives the set sorted by name, whatever the server's order", () =>
    Effect.gen(function*() {
      const { nextSet, server } = yield* watchScripted()
      yield* (yield* server.next).answer(200, listOf("40", object("c", "3"), object("a", "9"), object("b", "1")))
      assert.deepStrictEqual((yield* nextSet).objects, ["a@9", "b@1", "c@3"])
    }))

  it.effect("gives an event that is cut over two packets, and the last of two in one packet", () =>
    Effect.gen(function*() {
      const { nextSet, watch } = yield* watchOpened()
      const added = `${JSON.stringify({ type: "ADDED", object: object("a", "41") })}\n`
      const modified = `${JSON.stringify({ type: "MODIFIED", object: object("a", "42") })}\n`
      const deleted = `${JSON.stringify({ type: "DELETED", object: object("b", "43") })}\n`
      yield* watch.send(added.slice(0, 40))
      yield* watch.send(added.slice(40))
      assert.deepStrictEqual(yield* nextSet, { change: "ADDED a", objects: ["a@41"] })
      yield* watch.send(modified + deleted)
      const sets = [yield* nextSet]
      if (sets[0]?.change !== "DELETED b") sets.push(yield* nextSet)
      assert.deepStrictEqual(sets.at(-1), { change: "DELETED b", objects: ["a@42"] })
    }))

  it.effect("reads a list page by page", () =>
    Effect.gen(function*() {
      const { nextSet, server } = yield* watchScripted()
      const first = yield* server.next
      yield* first.answer(200, { metadata: { resourceVersion: "40", continue: "more" }, items: [object("b", "2")] })
      const second = yield* server.next
      assert.deepStrictEqual(second.params, { limit: "500", continue: "more" })
      yield* second.answer(200, listOf("40", object("a", "1")))
      assert.deepStrictEqual(yield* nextSet, { change: "LISTED", objects: ["a@1", "b@2"] })
    }))

  it.effect("watches from the listed version, with bookmarks and a time-out of 5 to 10 min, on the same connection", () =>
    Effect.gen(function*() {
      const { list, watch } = yield* watchOpened()
      const { timeoutSeconds, ...params } = watch.params
      assert.deepStrictEqual(params, { watch: "true", allowWatchBookmarks: "true", resourceVersion: "40" })
      assert.isAtLeast(Number(timeoutSeconds), 300)
      assert.isAtMost(Number(timeoutSeconds), 600)
      assert.strictEqual(watch.connection, list.connection)
      assert.isUndefined(watch.headers["traceparent"])
    }))

  it.effect("gives the whole set after each event", () =>
    Effect.gen(function*() {
      const { nextSet, watch } = yield* watchOpened(object("b", "2"))
      yield* watch.sendEvent("ADDED", object("a", "41"))
      assert.deepStrictEqual(yield* nextSet, { change: "ADDED a", objects: ["a@41", "b@2"] })
      yield* watch.sendEvent("MODIFIED", object("b", "42"))
      assert.deepStrictEqual(yield* nextSet, { change: "MODIFIED b", objects: ["a@41", "b@42"] })
      yield* watch.sendEvent("DELETED", object("a", "43"))
      assert.deepStrictEqual(yield* nextSet, { change: "DELETED a", objects: ["b@42"] })
    }))

  it.effect("says what changed, when it was read, and under which span", () =>
    Effect.gen(function*() {
      const { set, watch } = yield* watchOpened()
      yield* TestClock.adjust("7 seconds")
      yield* watch.sendEvent("ADDED", object("a", "41", 3))
      const { span, ...change } = (yield* set).change
      assert.deepStrictEqual(change, {
        type: "ADDED",
        name: "a",
        generation: 3,
        resourceVersion: "41",
        receivedAtNanos: 7_000_000_000n
      })
      const root = Option.getOrThrow(span)
      assert(root._tag === "Span")
      assert.deepStrictEqual([root.name, root.status._tag, root.parent], ["NodePTPCfg ADDED", "Ended", Option.none()])
      assert.deepStrictEqual(Object.fromEntries(root.attributes), { name: "a", generation: 3, resourceVersion: "41" })
    }))

  it.effect("begins no trace where nobody asked for one", () =>
    Effect.gen(function*() {
      const { server, set } = yield* watchScripted({})
      yield* (yield* server.next).answer(200, listOf("40"))
      assert.isTrue(Option.isNone((yield* set).change.span))
    }))

  it.effect("gives a slow consumer the newest set, not every set", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const pull = yield* Stream.toPull(api.watchAll(nodePTPCfgs))
      const pulled = yield* Effect.forkChild(pull)
      yield* (yield* server.next).answer(200, listOf("40"))
      yield* Fiber.join(pulled)
      const watch = yield* server.next
      yield* watch.open
      yield* Effect.forEach(["41", "42", "43"], (version) => watch.sendEvent("MODIFIED", object("a", version)))
      yield* watch.end
      // The next request shows that the client has read all three.
      assert.strictEqual(asked(yield* server.next), "watch 43")
      assert.deepStrictEqual((yield* pull).map(summary), [{ change: "MODIFIED a", objects: ["a@43"] }])
    }))

  it.effect("resumes at once after a clean end, with no LIST, on the same connection", () =>
    Effect.gen(function*() {
      const { server, watch } = yield* watchOpened()
      yield* watch.sendEvent("BOOKMARK", bookmark("77"))
      yield* watch.end
      const next = yield* server.next
      assert.deepStrictEqual([asked(next), next.connection], ["watch 77", watch.connection])
    }))

  it.effect("gives no set for a bookmark", () =>
    Effect.gen(function*() {
      const { nextSet, watch } = yield* watchOpened()
      yield* watch.sendEvent("BOOKMARK", bookmark("77"))
      yield* watch.sendEvent("ADDED", object("a", "78"))
      assert.strictEqual((yield* nextSet).change, "ADDED a")
    }))

  it.effect("ends a watch itself, 10 s after the server should have, and resumes", () =>
    Effect.gen(function*() {
      const { nextSet, server, watch } = yield* watchOpened()
      const seconds = Number(watch.params["timeoutSeconds"]) + 10
      for (let second = 0; second < seconds; second += 60) {
        // Not silent: each set shows that the client has heard the server before time goes on.
        yield* watch.sendEvent("MODIFIED", object("a", `${100 + second}`))
        yield* nextSet
        yield* TestClock.adjust(Math.min(60, seconds - second) * 1000)
      }
      yield* watch.closed
      assert.match(asked(yield* server.next), /^watch \d+$/)
    }))

  it.effect("asks for one object by name, and for metadata only", () =>
    Effect.gen(function*() {
      const { nextSet, server } = yield* watchScripted({ name: "worker-1", metadataOnly: true }, nodes)
      const list = yield* server.next
      assert.strictEqual(list.path, "/api/v1/nodes")
      assert.strictEqual(list.params["fieldSelector"], "metadata.name=worker-1")
      assert.match(String(list.headers.accept), /^application\/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,/)
      yield* list.answer(200, listOf("40", { metadata: { name: "worker-1", resourceVersion: "7" } }))
      assert.deepStrictEqual((yield* nextSet).objects, ["worker-1@7"])
      const watch = yield* server.next
      assert.strictEqual(watch.params["fieldSelector"], "metadata.name=worker-1")
      assert.match(String(watch.headers.accept), /^application\/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,/)
    }))

  it.effect("closes its connection when nobody listens any more", () =>
    Effect.gen(function*() {
      const { api, fiber, watch } = yield* watchOpened()
      assert.deepStrictEqual((yield* api.watches).map(({ resource }) => resource), ["nodeptpcfgs"])
      yield* Fiber.interrupt(fiber)
      yield* watch.closed
      assert.deepStrictEqual(yield* api.watches, [])
    }))
})
