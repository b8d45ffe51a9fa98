/**
 * Runs many seeds, each with other faults. `SEEDS` is their number (1,000) and `SEED_START` the first one (0). A seed
 * that fails prints its steps; `SEEDS=1 SEED_START=n npm run test:chaos` repeats them.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { allFaults, type Outcome, runScenario } from "./Scenario.ts"

const numberFrom = (variable: string, otherwise: number) => Number(process.env[variable] ?? otherwise)
const seeds = numberFrom("SEEDS", 1_000)
const firstSeed = numberFrom("SEED_START", 0)
/** With fewer, chance may leave a kind out. */
const enoughForEveryKind = 1_000
/** What a person can read of what went wrong. */
const mostTraces = 3
const millisInHour = 3_600_000

const isFailed = ({ breaches, isWedged }: Outcome) => isWedged || breaches.length > 0

const failureText = ({ breaches, isWedged, seed, trace }: Outcome) =>
  [
    `seed ${seed}: ${isWedged ? "wedged" : breaches.join("; ")}`,
    ...trace,
    `again: SEEDS=1 SEED_START=${seed} npm run test:chaos`
  ].join("\n")

/** How often each kind of fault came true, the rarest first. */
const countKinds = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<readonly [string, number]> => {
  const counts = new Map(allFaults.map(({ kind }) => [kind, 0]))
  for (const { happened } of outcomes) for (const kind of happened) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].toSorted(([, a], [, b]) => a - b)
}

const summary = (outcomes: ReadonlyArray<Outcome>, millis: number) => {
  const hours = outcomes.reduce((sum, { virtualMillis }) => sum + virtualMillis, 0) / millisInHour
  const kinds = countKinds(outcomes)
  return [
    `${outcomes.length} seeds, ${hours.toFixed(1)} h of virtual time in ${(millis / 1_000).toFixed(1)} s: ` +
    `${outcomes.filter(({ isWedged }) => isWedged).length} wedged, ` +
    `${outcomes.filter(({ breaches }) => breaches.length > 0).length} with broken invariants`,
    `${kinds.reduce((sum, [, count]) => sum + count, 0)} faults of ${kinds.length} kinds:`,
    ...kinds.map(([kind, count]) => `${String(count).padStart(6)} ${kind}`)
  ].join("\n")
}

describe(`the daemon among faults, seeds ${firstSeed} to ${firstSeed + seeds - 1}`, () => {
  it.live("keeps every invariant and comes back to the desired state", () =>
    Effect.gen(function*() {
      const outcomes: Array<Outcome> = []
      const begun = performance.now()
      for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
        outcomes.push(runScenario(seed))
        // Vitest wants to hear from its worker.
        if (seed % 20 === 0) yield* Effect.yieldNow
      }
      console.log(summary(outcomes, performance.now() - begun))
      if (seeds === 1) console.log(outcomes.flatMap(({ trace }) => trace).join("\n"))
      const failed = outcomes.filter(isFailed)
      if (failed.length > 0) console.log(failed.slice(0, mostTraces).map(failureText).join("\n\n"))
      assert.deepStrictEqual(failed.map(({ seed }) => seed), [], "these seeds failed")
      if (seeds < enoughForEveryKind) return
      assert.deepStrictEqual(countKinds(outcomes).filter(([, count]) => count === 0), [], "these faults never happened")
    }))
})
