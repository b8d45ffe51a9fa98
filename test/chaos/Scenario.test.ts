/** Tests of the simulation itself: it repeats the same steps, and it notices something. */
import { assert, describe, it } from "@effect/vitest"
import { becomesReady } from "../../src/services/linuxptp/Readiness.ts"
import { spec } from "../layers/processes/ScriptedRunner.ts"
import { readyLines, talk } from "../simulation/Behaviour.ts"
import { allFaults, runScenario } from "./Scenario.ts"

const someSeeds = Array.from({ length: 30 }, (_, seed) => seed)

describe("a seed", () => {
  it("gives the same steps every time", () => {
    for (const seed of someSeeds) assert.deepStrictEqual(runScenario(seed), runScenario(seed))
  })

  it("gives other steps than another seed", () => {
    assert.strictEqual(new Set(someSeeds.map((seed) => runScenario(seed).trace.join("\n"))).size, someSeeds.length)
  })

  it("gives the same steps without the jumps of the wall clock: nothing starts, stops or waits because of one", () => {
    const seeds = Array.from({ length: 200 }, (_, seed) => seed)
    for (const seed of seeds) assert.deepStrictEqual(runScenario(seed, { withoutJumps: true }), runScenario(seed))
  })
})

describe("the faults", () => {
  it("are of 25 kinds and more, each with a name of its own", () => {
    assert.isAtLeast(allFaults.length, 25)
    assert.strictEqual(new Set(allFaults.map(({ kind }) => kind)).size, allFaults.length)
  })
})

describe("the scripted programs", () => {
  it("say that they are ready in words that the daemon knows, and not before", () => {
    for (const program of ["ptp4l", "phc2sys", "ts2phc", "timemaster"] as const) {
      assert.isTrue(becomesReady(program, readyLines[program]?.(spec("a", { program }), 1_234) ?? ""), program)
      assert.isFalse(becomesReady(program, talk(program, 1_234)), program)
    }
  })
})
