import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { makeTokenBucket } from "../../../src/services/status/TokenBucket.ts"

/** A bucket of 2 tokens, one more each 5 s, and the seconds at which tokens were taken. */
const make = Effect.gen(function*() {
  const bucket = yield* makeTokenBucket({ burst: 2, refill: Duration.seconds(5) })
  const takenAt: Array<number> = []
  const take = Effect.gen(function*() {
    yield* bucket.take
    takenAt.push((yield* Clock.currentTimeMillis) / 1_000)
  })
  return { ...bucket, take, takenAt }
})

describe("TokenBucket", () => {
  it.effect("gives its burst at once, then one token each period", () =>
    Effect.gen(function*() {
      const { take, takenAt } = yield* make
      const fiber = yield* Effect.forkChild(Effect.replicateEffect(take, 4))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(takenAt, [0, 0, 5, 10])
    }))

  it.effect("gives a token that came back to the next who asks", () =>
    Effect.gen(function*() {
      const { giveBack, take, takenAt } = yield* make
      yield* Effect.replicateEffect(take, 2)
      const waiting = yield* Effect.forkChild(take)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(waiting)
      yield* giveBack
      yield* take
      assert.deepStrictEqual(takenAt, [0, 0, 5, 5])
    }))

  it.effect("never holds more than its burst", () =>
    Effect.gen(function*() {
      const { giveBack, take, takenAt } = yield* make
      yield* giveBack
      yield* TestClock.adjust("1 hour")
      const fiber = yield* Effect.forkChild(Effect.replicateEffect(take, 3))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(takenAt, [3600, 3600, 3605])
    }))
})
