import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, Layer, Logger, Option, Queue, References, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as HttpKubernetesApi from "../../../src/layers/kubernetes/HttpKubernetesApi.ts"
import * as PlainCredentials from "../../../src/layers/kubernetes/PlainCredentials.ts"
import { KubernetesApi, type WatchedSet, type WatchOptions } from "../../../src/services/kubernetes/KubernetesApi.ts"
import { nodes } from "../../../src/services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../../../src/services/kubernetes/NodePTPCfg.ts"
import { scriptedApiServer, type ScriptedRequest } from "./ScriptedApiServer.ts"

const path = "/apis/ptp.openshift.io/v1/namespaces/ptp/nodeptpcfgs"

const object = (name: string, resourceVersion: string, generation = 1) => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name, namespace: "ptp", uid: `uid-${name}`, resourceVersion, generation, managedFields: [] },
  spec: {}
})
const listOf = (resourceVersion: string, ...items: ReadonlyArray<unknown>) => ({
  kind: "List",
  metadata: { resourceVersion },
  items
})
const bookmark = (resourceVersion: string) => ({ kind: "NodePTPCfg", metadata: { resourceVersion } })
const status = (code: number) => ({ kind: "Status", code, message: `status ${code}` })

const summary = ({ change, objects }: WatchedSet) => ({
  change: `${change.type} ${change.name}`.trim(),
  objects: objects.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`)
})

/** A back-off that the client began: it logs each one, and sleeps right after. */
interface BackOff {
  readonly delayMillis: number
  readonly next: string
}

const connectScripted = Effect.gen(function*() {
  const server = yield* scriptedApiServer
  const layer = HttpKubernetesApi.layer({ namespace: "ptp", component: "linuxptp-daemon", nodeName: "worker-1" }).pipe(
    Layer.provide(PlainCredentials.layer({ server: server.url }))
  )
  return { server, api: Context.get(yield* Layer.build(layer), KubernetesApi) }
})

/** A server, and a client that watches it until the test ends. */
const watchScripted = Effect.fnUntraced(function*(options: WatchOptions = {}, resource = nodePTPCfgs) {
  const { api, server } = yield* connectScripted
  const sets = yield* Queue.unbounded<WatchedSet>()
  const backOffs = yield* Queue.unbounded<BackOff>()
  const logger = Logger.make(({ fiber }) => {
    const annotations = fiber.getRef(References.CurrentLogAnnotations)
    const { delayMillis, next } = annotations
    if (typeof delayMillis === "number") Queue.offerUnsafe(backOffs, { delayMillis, next: String(next) })
  })
  const fiber = yield* api.watchAll(resource, options).pipe(
    Stream.runForEach((set) => Queue.offer(sets, set)),
    Effect.provide(Logger.layer([logger])),
    Effect.provideService(References.MinimumLogLevel, "Debug"),
    Effect.forkScoped
  )
  /** Waits until the client has begun a back-off, and lets it pass. */
  const passBackOff = Effect.gen(function*() {
    const backOff = yield* Queue.take(backOffs)
    yield* TestClock.adjust(backOff.delayMillis)
    return backOff
  })
  return {
    api,
    server,
    fiber,
    backOff: Queue.take(backOffs),
    passBackOff,
    set: Queue.take(sets),
    nextSet: Effect.map(Queue.take(sets), summary)
  }
})

/** The same, with the LIST answered by `items` at version 40 and the first WATCH open. */
const watchOpened = Effect.fnUntraced(function*(...items: ReadonlyArray<unknown>) {
  const scripted = yield* watchScripted()
  const list = yield* scripted.server.next
  yield* list.answer(200, listOf("40", ...items))
  yield* scripted.nextSet
  const watch = yield* scripted.server.next
  yield* watch.open
  return { ...scripted, list, watch }
})

const asked = (request: ScriptedRequest) =>
  request.params["watch"] === "true"
    ? `watch ${request.params["resourceVersion"]}`
    : `list ${request.params["resourceVersion"] ?? "newest"}`

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

describe("a watch that fails", () => {
  it.effect("resumes within 2 s of a TCP reset, from the last version, with no LIST", () =>
    Effect.gen(function*() {
      const { nextSet, passBackOff, server, watch } = yield* watchOpened()
      yield* watch.sendEvent("ADDED", object("a", "41"))
      yield* nextSet
      yield* watch.reset
      assert.isAtMost((yield* passBackOff).delayMillis, 2_000)
      const next = yield* server.next
      assert.strictEqual(asked(next), "watch 41")
      assert.notStrictEqual(next.connection, watch.connection)
    }))

  it.effect("does not try again before its back-off is over", () =>
    Effect.gen(function*() {
      const { backOff, server, watch } = yield* watchOpened()
      yield* watch.reset
      const { delayMillis } = yield* backOff
      yield* TestClock.adjust(delayMillis - 1)
      assert.strictEqual(yield* server.untaken, 0)
      yield* TestClock.adjust(1)
      assert.strictEqual(asked(yield* server.next), "watch 40")
    }))

  it.effect("lists once after a 410 inside the watch, and computes what was deleted", () =>
    Effect.gen(function*() {
      const { nextSet, passBackOff, server, watch } = yield* watchOpened(object("a", "1"), object("b", "2"))
      yield* watch.sendEvent("ERROR", status(410))
      assert.strictEqual((yield* passBackOff).next, "List")
      const list = yield* server.next
      assert.strictEqual(asked(list), "list newest")
      yield* list.answer(200, listOf("90", object("b", "80")))
      assert.deepStrictEqual(yield* nextSet, { change: "LISTED", objects: ["b@80"] })
      assert.strictEqual(asked(yield* server.next), "watch 90")
    }))

  it.effect("lists once after a 410 as the watch's status", () =>
    Effect.gen(function*() {
      const { nextSet, passBackOff, server, watch } = yield* watchOpened(object("a", "1"))
      yield* watch.end
      // Ended within its first second, without an event: that is backed off from as well.
      yield* passBackOff
      yield* (yield* server.next).answer(410, status(410))
      yield* passBackOff
      const list = yield* server.next
      assert.strictEqual(asked(list), "list newest")
      yield* list.answer(200, listOf("90"))
      assert.deepStrictEqual(yield* nextSet, { change: "LISTED", objects: [] })
      assert.strictEqual(asked(yield* server.next), "watch 90")
    }))

  it.effect.each([401, 403, 409, 429, 500, 502, 503])(
    "tries the same watch again after status %d",
    (code) =>
      Effect.gen(function*() {
        const { nextSet, passBackOff, server, watch } = yield* watchOpened()
        yield* watch.sendEvent("ADDED", object("a", "41"))
        yield* nextSet
        yield* watch.end
        yield* (yield* server.next).answer(code, status(code))
        // Renewed credentials are tried at once, and once only.
        if (code === 401) yield* (yield* server.next).answer(code, status(code))
        assert.strictEqual((yield* passBackOff).next, "Watch")
        const again = yield* server.next
        assert.deepStrictEqual([asked(again), again.connection], ["watch 41", watch.connection])
      })
  )

  it.effect("tries to LIST again, however often it fails, ever slower", () =>
    Effect.gen(function*() {
      const { nextSet, passBackOff, server } = yield* watchScripted()
      for (let failures = 0; failures < 12; failures++) {
        const list = yield* server.next
        assert.strictEqual(asked(list), "list 0")
        yield* list.answer(404, status(404))
        assert.isAtMost((yield* passBackOff).delayMillis, Math.min(800 * 2 ** failures, 30_000))
      }
      yield* (yield* server.next).answer(200, listOf("40"))
      assert.deepStrictEqual(yield* nextSet, { change: "LISTED", objects: [] })
    }))

  it.effect("waits for as long as Retry-After says", () =>
    Effect.gen(function*() {
      const { passBackOff, server } = yield* watchScripted()
      yield* (yield* server.next).answer(429, status(429), { "retry-after": "17" })
      const { delayMillis } = yield* passBackOff
      assert.isAtLeast(delayMillis, 17_000)
      assert.isAtMost(delayMillis, 17_800)
      assert.strictEqual(asked(yield* server.next), "list 0")
    }))

  it.effect("gives up a silent connection after 90 s, not before", () =>
    Effect.gen(function*() {
      const { nextSet, passBackOff, server, watch } = yield* watchOpened()
      yield* watch.sendEvent("ADDED", object("a", "41"))
      yield* nextSet
      yield* TestClock.adjust("89 seconds")
      yield* watch.sendEvent("ADDED", object("b", "42"))
      yield* nextSet
      yield* TestClock.adjust("89 seconds")
      yield* watch.sendEvent("ADDED", object("c", "43"))
      yield* nextSet
      yield* TestClock.adjust("90 seconds")
      yield* watch.closed
      yield* passBackOff
      assert.strictEqual(asked(yield* server.next), "watch 43")
    }))

  it.effect.each([
    { name: "JSON that is cut off", text: "{\"type\":\"ADDED\",\"obj\n" },
    { name: "a line that is no event", text: "{\"kind\":\"Table\"}\n" },
    { name: "a line of more than 8 MiB", text: "x".repeat(8 * 1024 * 1024 + 1) }
  ])("drops the connection at $name and resumes from the version before", ({ text }) =>
    Effect.gen(function*() {
      const { nextSet, passBackOff, server, watch } = yield* watchOpened()
      yield* watch.sendEvent("ADDED", object("a", "41"))
      yield* nextSet
      yield* Effect.forkChild(watch.send(text))
      yield* watch.closed
      yield* passBackOff
      assert.strictEqual(asked(yield* server.next), "watch 41")
    }))

  it.effect.each(["end", "hangUp", "reset"] as const)(
    "forgets half an event that is cut off by %s",
    (cut) =>
      Effect.gen(function*() {
        const { nextSet, passBackOff, server, watch } = yield* watchOpened()
        yield* watch.sendEvent("ADDED", object("a", "41"))
        yield* nextSet
        yield* watch.send(JSON.stringify({ type: "ADDED", object: object("b", "42") }).slice(0, -5))
        yield* watch[cut]
        yield* passBackOff
        const next = yield* server.next
        assert.strictEqual(asked(next), "watch 41")
        yield* next.open
        yield* next.sendEvent("ADDED", object("c", "43"))
        assert.deepStrictEqual((yield* nextSet).objects, ["a@41", "c@43"])
      })
  )

  it.effect("does not spin when the server ends each watch as it opens", () =>
    Effect.gen(function*() {
      const { passBackOff, server, watch } = yield* watchOpened()
      yield* watch.end
      yield* passBackOff
      const next = yield* server.next
      yield* next.open
      yield* next.end
      yield* passBackOff
      assert.strictEqual(asked(yield* server.next), "watch 40")
    }))

  it.effect("grows old until the server speaks again", () =>
    Effect.gen(function*() {
      const { api, nextSet, server } = yield* watchScripted()
      const list = yield* server.next
      yield* TestClock.adjust("25 seconds")
      assert.deepStrictEqual((yield* api.watches).map(({ age }) => Duration.toSeconds(age)), [25])
      yield* list.answer(200, listOf("40"))
      yield* nextSet
      assert.deepStrictEqual((yield* api.watches).map(({ age }) => Duration.toSeconds(age)), [0])
    }))
})
