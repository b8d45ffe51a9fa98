import { assert, describe, it } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { TestClock } from "effect/testing"
import * as SimulatedNetwork from "../../../../src/layers/simulated/linuxptp/SimulatedNetwork.ts"
import { runStory } from "../../../../src/programs/cli/demo/DemoStory.ts"

const network = SimulatedNetwork.layer([{ name: "worker-1", interfaces: [] }, { name: "worker-2", interfaces: [] }])

describe("runStory", () => {
  it.effect("takes the grandmaster of one node away after 25 s for 15 s, and again 3 minutes later", () =>
    Effect.gen(function*() {
      const world = yield* SimulatedNetwork.SimulatedNetwork
      const hears = (name: string) => Effect.map(world.node(name), (node) => node.hearsGrandmaster)
      const said = yield* Queue.unbounded<string>()
      yield* Effect.forkScoped(runStory("worker-1", (line) => Queue.offer(said, line)))
      for (const calm of [25, 180]) {
        yield* TestClock.adjust(`${calm * 1000 - 1} millis`)
        assert.strictEqual(yield* Queue.size(said), 0)
        assert.isTrue(yield* hears("worker-1"))
        yield* TestClock.adjust("1 millis")
        assert.include(yield* Queue.take(said), "worker-1 hears no grandmaster")
        yield* TestClock.adjust("14999 millis")
        assert.isFalse(yield* hears("worker-1"))
        assert.isTrue(yield* hears("worker-2"))
        yield* TestClock.adjust("1 millis")
        assert.include(yield* Queue.take(said), "worker-1 hears the grandmaster again")
      }
      yield* TestClock.adjust("1 seconds")
      assert.isTrue(yield* hears("worker-1"))
    }).pipe(Effect.provide(network)))
})
