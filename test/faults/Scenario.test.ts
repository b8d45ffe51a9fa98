/** Tests of the matrix itself: on real sockets it repeats the same steps, and it has many kinds of faults. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fenceOf } from "./FaultTest.ts"
import { allFaults, runScenario } from "./Scenario.ts"

const someSeeds = Array.from({ length: 12 }, (_, seed) => seed)

describe("a seed of the fault matrix", () => {
  it.live("takes the same steps every time, and others than another seed", () =>
    Effect.gen(function*() {
      const fence = yield* fenceOf
      const traces = new Set<string>()
      for (const seed of someSeeds) {
        const [one, other] = yield* Effect.promise(async () =>
          [await runScenario(seed, { fence }), await runScenario(seed, { fence })] as const
        )
        assert.deepStrictEqual(one, other)
        traces.add(one.trace.join("\n"))
      }
      assert.strictEqual(traces.size, someSeeds.length)
    }))

  it("draws from 80 kinds of faults and more, each with a name of its own", () => {
    assert.isAtLeast(allFaults.length, 80)
    assert.strictEqual(new Set(allFaults.map(({ kind }) => kind)).size, allFaults.length)
  })
})
