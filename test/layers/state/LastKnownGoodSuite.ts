/** What every LastKnownGood does, run on each layer of it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Equal, Fiber, type Layer, Option } from "effect"
import { KnownGood, LastKnownGood } from "../../../src/services/profiles/LastKnownGood.ts"
import { emptyLastValid } from "../../../src/services/profiles/LastValid.ts"

/** One that differs from the others by its number. */
export const numbered = (number: number): KnownGood => {
  const profile = { name: "p", interface: `eth${number}`, ptp4lOpts: "-2 -s" }
  const recommend = [{ profile: "p", priority: 4, match: [{ nodeName: "worker-1" }] }]
  return {
    node: { name: "worker-1", labels: { "ptp/dual": "" } },
    memory: {
      ...emptyLastValid,
      objects: [{ name: "a", uid: "uid-a", generation: number, profiles: [profile], recommend }],
      worked: [{ uid: "uid-a", profile, generation: number }]
    }
  }
}

/** Each use of `layer` begins with nothing saved. */
export const suite = (name: string, layer: Layer.Layer<LastKnownGood>): void => {
  describe(`LastKnownGood: ${name}`, () => {
    it.effect("has nothing before the first save", () =>
      Effect.gen(function*() {
        const { load } = yield* LastKnownGood
        assert.deepStrictEqual(yield* load, Option.none())
      }).pipe(Effect.provide(layer)))

    it.effect("gives what was saved last, as often as it is asked", () =>
      Effect.gen(function*() {
        const { load, save } = yield* LastKnownGood
        for (const number of [1, 2, 2, 3, 1]) {
          yield* save(numbered(number))
          assert.deepStrictEqual(yield* load, Option.some(numbered(number)))
          assert.deepStrictEqual(yield* load, Option.some(numbered(number)))
        }
      }).pipe(Effect.provide(layer)))

    it.effect.prop("gives back whatever is saved", [KnownGood], ([knownGood]) =>
      Effect.gen(function*() {
        const { load, save } = yield* LastKnownGood
        yield* save(knownGood)
        assert.isTrue(Equal.equals(yield* load, Option.some(knownGood)))
        // The generator draws most profile names in vain: control characters are none of theirs.
      }).pipe(Effect.provide(layer)), { arbitrary: { maxDiscards: 50_000 } })

    it.effect("keeps the last of 20 that are saved at the same time", () =>
      Effect.gen(function*() {
        const { load, save } = yield* LastKnownGood
        yield* Effect.forEach(Array.from({ length: 20 }, (_, number) => numbered(number)), save, {
          concurrency: "unbounded",
          discard: true
        })
        assert.deepStrictEqual(yield* load, Option.some(numbered(19)))
      }).pipe(Effect.provide(layer)))

    it.effect("keeps the old one or the new one when a save is interrupted, and saves again", () =>
      Effect.gen(function*() {
        const { load, save } = yield* LastKnownGood
        yield* save(numbered(0))
        for (let number = 1; number <= 20; number++) {
          const saving = yield* Effect.forkChild(save(numbered(number)))
          for (let steps = number % 5; steps > 0; steps--) yield* Effect.yieldNow
          yield* Fiber.interrupt(saving)
          const kept = yield* load
          assert.isTrue([number - 1, number].some((one) => Equal.equals(kept, Option.some(numbered(one)))))
          yield* save(numbered(number))
        }
        assert.deepStrictEqual(yield* load, Option.some(numbered(20)))
      }).pipe(Effect.provide(layer)))
  })
}
