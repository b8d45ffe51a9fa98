import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import * as InMemoryLastKnownGood from "../../../../src/layers/simulated/state/InMemoryLastKnownGood.ts"
import { LastKnownGood } from "../../../../src/services/profiles/LastKnownGood.ts"
import { numbered, suite } from "../../state/LastKnownGoodSuite.ts"

suite("in memory", InMemoryLastKnownGood.layer())

describe("InMemoryLastKnownGood", () => {
  it.effect("starts from what it is given", () =>
    Effect.gen(function*() {
      const { load } = yield* LastKnownGood
      assert.deepStrictEqual(yield* load, Option.some(numbered(1)))
    }).pipe(Effect.provide(InMemoryLastKnownGood.layer(Option.some(numbered(1))))))
})
