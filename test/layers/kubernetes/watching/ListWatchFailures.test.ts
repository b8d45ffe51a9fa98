import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { asked, endOfList, listOf, object, status, watchOpened, watchScripted } from "../ScriptedWatch.ts"

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

  it.effect("lists once after a 410 inside the watch, as a stream, and computes what was deleted", () =>
    Effect.gen(function*() {
      const { nextSet, passBackOff, server, watch } = yield* watchOpened(object("a", "1"), object("b", "2"))
      yield* watch.sendEvent("ERROR", status(410))
      assert.strictEqual((yield* passBackOff).next, "StreamList")
      const list = yield* server.next
      const { timeoutSeconds: _timeout, ...params } = list.params
      assert.deepStrictEqual(params, {
        watch: "true",
        allowWatchBookmarks: "true",
        sendInitialEvents: "true",
        resourceVersionMatch: "NotOlderThan"
      })
      yield* list.open
      yield* list.sendEvent("ADDED", object("b", "80"))
      yield* list.sendEvent("BOOKMARK", endOfList("90"))
      assert.deepStrictEqual(yield* nextSet, { change: "LISTED", objects: ["b@80"] })
      yield* list.sendEvent("ADDED", object("c", "91"))
      assert.deepStrictEqual(yield* nextSet, { change: "ADDED c", objects: ["b@80", "c@91"] })
      yield* list.reset
      yield* passBackOff
      assert.strictEqual(asked(yield* server.next), "watch 91")
    }))

  it.effect("lists in pages where the server refuses streaming lists, and from then on", () =>
    Effect.gen(function*() {
      const { nextSet, passBackOff, server, watch } = yield* watchOpened(object("a", "1"))
      yield* watch.end
      // Ended within its first second, without an event: that is backed off from as well.
      yield* passBackOff
      yield* (yield* server.next).answer(410, status(410))
      yield* passBackOff
      const refused = yield* server.next
      assert.strictEqual(asked(refused), "streaming list newest")
      yield* refused.answer(422, status(422))
      for (const version of ["90", "95"]) {
        yield* passBackOff
        const list = yield* server.next
        assert.strictEqual(asked(list), "list newest")
        yield* list.answer(200, listOf(version, object("b", version)))
        assert.deepStrictEqual(yield* nextSet, { change: "LISTED", objects: [`b@${version}`] })
        const next = yield* server.next
        assert.strictEqual(asked(next), `watch ${version}`)
        yield* next.answer(410, status(410))
      }
    }))

  it.effect("waits for a streaming list that is slow, and shows no half of it", () =>
    Effect.gen(function*() {
      const { nextSet, passBackOff, server, untilAccepted, watch } = yield* watchOpened(
        object("a", "1"),
        object("b", "2")
      )
      yield* watch.sendEvent("ERROR", status(410))
      yield* passBackOff
      const stream = yield* server.next
      yield* stream.open
      yield* untilAccepted(2)
      yield* TestClock.adjust("89 seconds")
      yield* stream.sendEvent("ADDED", object("c", "5"))
      yield* stream.sendEvent("BOOKMARK", endOfList("90"))
      assert.deepStrictEqual(yield* nextSet, { change: "LISTED", objects: ["c@5"] })
      assert.strictEqual(yield* server.untaken, 0)
    }))

  it.effect("lists in pages when a streaming list stands still for 90 s before its end", () =>
    Effect.gen(function*() {
      const { nextSet, passBackOff, server, untilAccepted, watch } = yield* watchOpened(
        object("a", "1"),
        object("b", "2")
      )
      yield* watch.sendEvent("ERROR", status(410))
      yield* passBackOff
      const stream = yield* server.next
      yield* stream.open
      yield* stream.sendEvent("ADDED", object("a", "1"))
      yield* untilAccepted(2)
      yield* TestClock.adjust("90 seconds")
      yield* stream.closed
      yield* passBackOff
      const list = yield* server.next
      assert.strictEqual(asked(list), "list newest")
      yield* list.answer(200, listOf("90", object("a", "1"), object("c", "5")))
      assert.deepStrictEqual(yield* nextSet, { change: "LISTED", objects: ["a@1", "c@5"] })
    }))

  it.effect.each([401, 403, 409, 429, 500, 502, 503])(
    "tries the same watch again after status %d (L-48 not authorised yet)",
    (code) =>
      Effect.gen(function*() {
        const { nextSet, passBackOff, server, watch } = yield* watchOpened()
        yield* watch.sendEvent("ADDED", object("a", "41"))
        yield* nextSet
        yield* watch.end
        yield* (yield* server.next).answer(code, status(code))
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
      assert.strictEqual(asked(yield* server.next), "streaming list 43")
    }))

  describe("an outage", () => {
    /** The watch is reset, and the next three requests with it; the fourth is open. */
    const outage = Effect.gen(function*() {
      const scripted = yield* watchOpened(object("a", "1"), object("b", "2"))
      yield* scripted.watch.reset
      for (const expected of ["watch 40", "watch 40", "streaming list 40"]) {
        yield* scripted.passBackOff
        const request = yield* scripted.server.next
        assert.strictEqual(asked(request), expected)
        yield* request.reset
      }
      yield* scripted.passBackOff
      const back = yield* scripted.server.next
      assert.strictEqual(asked(back), "streaming list 40")
      yield* back.open
      yield* scripted.untilAccepted(2)
      return { ...scripted, back }
    })

    it.effect("ends with the whole set, in one request", () =>
      Effect.gen(function*() {
        const { back, nextSet } = yield* outage
        yield* back.sendEvent("ADDED", object("b", "50"))
        yield* back.sendEvent("BOOKMARK", endOfList("60"))
        assert.deepStrictEqual(yield* nextSet, { change: "LISTED", objects: ["b@50"] })
      }))

    it.effect("ends with a LIST when the server has not reached the version: it was restored", () =>
      Effect.gen(function*() {
        const { back, nextSet, passBackOff, server } = yield* outage
        yield* back.sendEvent("ERROR", { ...status(504), reason: "Timeout" })
        yield* passBackOff
        const list = yield* server.next
        assert.strictEqual(asked(list), "list newest")
        yield* list.answer(200, listOf("12", object("b", "7")))
        assert.deepStrictEqual(yield* nextSet, { change: "LISTED", objects: ["b@7"] })
        assert.strictEqual(asked(yield* server.next), "watch 12")
      }))
  })

  it.effect("gives up a line that comes byte by byte and never ends", () =>
    Effect.gen(function*() {
      const { passBackOff, server, untilAccepted, watch } = yield* watchOpened()
      yield* untilAccepted(1)
      for (let second = 0; second < 90; second += 30) {
        yield* watch.send("{")
        yield* TestClock.adjust("30 seconds")
      }
      yield* watch.closed
      yield* passBackOff
      assert.strictEqual(asked(yield* server.next), "streaming list newest")
    }))

  it.effect.each([
    // The server has moved on, or has gone back: that it answers shows that it lives.
    { listed: "12", age: 0 },
    // A cache that stands still would answer that too.
    { listed: "40", age: 90 }
  ])(
    "lists anew when a watch from 40 is mute, and believes a list of version $listed",
    ({ age, listed }) =>
      Effect.gen(function*() {
        const { api, nextSet, passBackOff, server, untilAccepted, watch } = yield* watchOpened(object("a", "1"))
        yield* untilAccepted(1)
        yield* TestClock.adjust("90 seconds")
        yield* watch.closed
        assert.strictEqual((yield* passBackOff).next, "StreamList")
        yield* (yield* server.next).answer(422, status(422))
        yield* passBackOff
        yield* (yield* server.next).answer(200, listOf(listed, object("b", "7")))
        assert.deepStrictEqual(yield* nextSet, { change: "LISTED", objects: ["b@7"] })
        const next = yield* server.next
        assert.strictEqual(asked(next), `watch ${listed}`)
        const ageNow = Duration.toSeconds((yield* api.watches)[0]?.age ?? Duration.zero)
        assert.strictEqual(Math.floor(ageNow / 90) * 90, age)
        yield* next.open
        yield* next.sendEvent("ADDED", object("c", "41"))
        yield* nextSet
        assert.deepStrictEqual((yield* api.watches).map(({ age }) => Duration.toSeconds(age)), [0])
      })
  )

  it.effect("tells nothing of a relist that brings what is known", () =>
    Effect.gen(function*() {
      const { nextSet, passBackOff, server, watch } = yield* watchOpened({ ...object("a", "1") })
      yield* watch.sendEvent("ERROR", status(410))
      yield* passBackOff
      const list = yield* server.next
      yield* list.open
      yield* list.sendEvent("ADDED", object("a", "1"))
      yield* list.sendEvent("BOOKMARK", endOfList("90"))
      yield* list.sendEvent("ADDED", object("b", "91"))
      assert.deepStrictEqual(yield* nextSet, { change: "ADDED b", objects: ["a@1", "b@91"] })
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
