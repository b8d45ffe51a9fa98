/**
 * A judge that never complains proves nothing: each client with a mistake must be found by the fault in which the
 * mistake matters.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { brokenApi, type Mistake } from "./BrokenClient.ts"
import { fenceOf } from "./FaultTest.ts"
import { allFaults, runScenario } from "./Scenario.ts"

const mistakes: ReadonlyArray<readonly [Mistake, fault: string, breach: RegExp]> = [
  ["gives up after a reset", "all connections are reset", /^DEAF 60000 ms.*what it knows of/],
  ["does not list again after a 410", "a watch resumes from a version that is forgotten", /^DEAF 60000 ms/],
  ["has no limit for silence", "one watch is half-open for ever", /^(DEAF 150000 ms|it keeps a connection)/],
  ["does not wait", "new connections are reset", /connections in a second/],
  ["ignores Retry-After", "answers 429 with Retry-After", /before the time that the server asked for/],
  ["waits for 5 s at least", "a healthy watch is reset", /^DEAF 2000 ms/],
  ["takes a failed list for an empty one", "the kinds are not served for a while, their objects stay", /^stop of/],
  ["opens a second watch each time and closes none", "a watch ends in good order", /connections are open/],
  ["dies of a line that is no event", "a line that is no event", /is dead/]
]
/** Chance may spare a mistake in one of them. */
const someSeeds = [1, 2, 3, 4, 5, 6]

const scenarios = Effect.fnUntraced(function*(mistake: Mistake | undefined, kind: string) {
  const fence = yield* fenceOf
  const faults = allFaults.filter((fault) => fault.kind === kind)
  assert.lengthOf(faults, 1)
  const outcomes = []
  for (const seed of someSeeds) {
    const outcome = yield* Effect.promise(() => runScenario(seed, { fence, faults, api: brokenApi(mistake) }))
    outcomes.push(outcome)
    if (mistake !== undefined && outcome.breaches.length > 0) break
  }
  return outcomes
})

describe("the judge finds a client that", () => {
  it.live.each(mistakes)("%s, by \"%s\"", ([mistake, kind, breach]) =>
    Effect.gen(function*() {
      const breaches = (yield* scenarios(mistake, kind)).flatMap((outcome) => outcome.breaches)
      assert.match(breaches[0] ?? "none", breach)
    }))

  it.live("and says nothing of the same client without the mistake", () =>
    Effect.gen(function*() {
      for (const [, kind] of mistakes) {
        const outcomes = yield* scenarios(undefined, kind)
        const breaches = outcomes.flatMap((outcome) => outcome.breaches)
        assert.deepStrictEqual(
          breaches,
          [],
          `${kind}\n${outcomes.find((one) => one.breaches.length > 0)?.trace.join("\n")}`
        )
        assert.isAbove(outcomes.flatMap(({ met }) => met).length, 0, kind)
      }
    }))
})
