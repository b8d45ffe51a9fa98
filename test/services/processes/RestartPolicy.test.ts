import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as fc from "fast-check"
import { restartDelay } from "../../../src/services/processes/RestartPolicy.ts"

describe("restartDelay", () => {
  it("is nothing for the first death, then 0.2 s doubled to 30 s", () =>
    assert.deepStrictEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100].map((deaths) => Duration.toMillis(restartDelay(deaths, 1))),
      [0, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]
    ))

  it("has full jitter: the share of the whole delay that the dice say", () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (deaths, random) => {
        const delay = Duration.toMillis(restartDelay(deaths, random))
        assert.closeTo(delay, random * Duration.toMillis(restartDelay(deaths, 1)), 0.001)
      })
    ))
})
