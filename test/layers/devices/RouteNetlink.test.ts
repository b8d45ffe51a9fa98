import { assert, describe, it } from "@effect/vitest"
import { type Duration, Effect, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as RouteNetlink from "../../../src/layers/devices/RouteNetlink.ts"
import { scriptedLibc } from "./ScriptedLibc.ts"

/** Ticks of the stream, one by one, while a fiber of the test's scope reads it. */
const ticksOf = Effect.fnUntraced(function*(events: Stream.Stream<void>) {
  const ticks = yield* Queue.unbounded<void>()
  yield* events.pipe(
    Stream.runForEach(() => Queue.offer(ticks, undefined)),
    Effect.forkScoped({ startImmediately: true })
  )
  return ticks
})

describe("RouteNetlink", () => {
  it.effect("ticks once for a burst, not at all for silence", () =>
    Effect.gen(function*() {
      const script = scriptedLibc({})
      const ticks = yield* ticksOf(yield* Effect.provide(RouteNetlink.open, script.layer))
      yield* TestClock.adjust("10 seconds")
      assert.isAbove(script.receiveCalls(), 40)
      assert.strictEqual(yield* Queue.size(ticks), 0)
      script.received.push("message", "message", "message")
      yield* TestClock.adjust("200 millis")
      yield* Queue.take(ticks)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Queue.size(ticks), 0)
    }))

  it.effect("ticks when messages were lost, since something changed then", () =>
    Effect.gen(function*() {
      const script = scriptedLibc({})
      const ticks = yield* ticksOf(yield* Effect.provide(RouteNetlink.open, script.layer))
      script.received.push("ENOBUFS")
      yield* TestClock.adjust("200 millis")
      yield* Queue.take(ticks)
    }))

  it.effect("leaves what is more than 256 messages to the next look", () =>
    Effect.gen(function*() {
      const script = scriptedLibc({})
      script.received.push(...Array.from({ length: 300 }, () => "message" as const))
      const ticks = yield* ticksOf(yield* Effect.provide(RouteNetlink.open, script.layer))
      yield* Queue.take(ticks)
      assert.strictEqual(script.received.length, 44)
      yield* TestClock.adjust("200 millis")
      yield* Queue.take(ticks)
      assert.strictEqual(script.received.length, 0)
    }))

  it.effect("closes its socket with the scope, also when it may not listen", () =>
    Effect.gen(function*() {
      const script = scriptedLibc({ bindErrno: "EPERM" })
      const error = yield* Effect.flip(Effect.scoped(Effect.provide(RouteNetlink.open, script.layer)))
      assert.include(error.message, "bind failed with EPERM")
      assert.deepStrictEqual(script.openSockets(), [])
    }))

  it.effect("settles 100 ms after an event and once more 2 s later, and begins anew with each event", () =>
    Effect.gen(function*() {
      const events = yield* Queue.unbounded<void>()
      const ticks = yield* ticksOf(RouteNetlink.settled(Stream.fromQueue(events)))
      const ticksAfter = Effect.fnUntraced(function*(time: Duration.Input) {
        yield* TestClock.adjust(time)
        return yield* Queue.size(ticks)
      })
      assert.strictEqual(yield* ticksAfter("1 minute"), 0)
      yield* Queue.offer(events, undefined)
      assert.strictEqual(yield* ticksAfter("99 millis"), 0)
      yield* Queue.offer(events, undefined)
      assert.strictEqual(yield* ticksAfter("99 millis"), 0)
      assert.strictEqual(yield* ticksAfter("1 millis"), 1)
      assert.strictEqual(yield* ticksAfter("1999 millis"), 1)
      assert.strictEqual(yield* ticksAfter("1 millis"), 2)
      assert.strictEqual(yield* ticksAfter("1 minute"), 2)
    }))
})
