import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import {
  emptyHistory,
  type EventHistory,
  type EventStep,
  recordInHistory,
  withoutSeries
} from "../../../src/layers/kubernetes/EventSeries.ts"

/** Records events at seconds and says what became of each. */
const recordAll = (events: ReadonlyArray<readonly [second: number, key: string]>, history = emptyHistory) => {
  const steps: Array<string> = []
  let known: EventHistory = history
  for (const [second, key] of events) {
    const [step, next] = recordInHistory(known, { key, eventName: `${key}.${second}` }, second * 1000)
    known = next
    steps.push(show(step))
  }
  return { steps, history: known }
}
const show = (step: EventStep): string => step._tag === "Count" ? `Count ${step.eventName} ${step.count}` : step._tag

describe("recordInHistory", () => {
  it("creates the first of each kind", () => {
    assert.deepStrictEqual(recordAll([]).steps, [])
    assert.deepStrictEqual(recordAll([[0, "a"], [0, "b"]]).steps, ["Create", "Create"])
  })

  it("counts the same event again, and writes the count at most once a minute", () => {
    const { steps } = recordAll([[0, "a"], [10, "a"], [59, "a"], [60, "a"], [61, "a"], [120, "a"]])
    assert.deepStrictEqual(steps, ["Create", "Wait", "Wait", "Count a.0 4", "Wait", "Count a.0 6"])
  })

  it("begins a new series after 10 min without the event", () => {
    assert.deepStrictEqual(recordAll([[0, "a"], [599, "a"], [1198, "a"], [1798, "a"]]).steps, [
      "Create",
      "Count a.0 2",
      "Count a.0 3",
      "Create"
    ])
  })

  it("creates anew when the Event is not there any more", () => {
    const { history } = recordAll([[0, "a"]])
    assert.deepStrictEqual(recordAll([[1, "a"]], withoutSeries(history, "a")).steps, ["Create"])
  })

  it("lets a burst of 10 pass, then one each 30 s", () => {
    const burst = Array.from({ length: 11 }, (_, index) => [0, `k${index}`] as const)
    const { history, steps } = recordAll(burst)
    assert.deepStrictEqual(steps, [...Array.from({ length: 10 }, () => "Create"), "Drop"])
    assert.deepStrictEqual(recordAll([[29, "x"], [30, "y"], [31, "z"], [60, "z"]], history).steps, [
      "Drop",
      "Create",
      "Drop",
      "Create"
    ])
  })

  it("never makes more than 10 requests and one more each 30 s, and keeps few series", () => {
    const event = fc.tuple(fc.nat(120), fc.nat(60).map((key) => `k${key}`))
    fc.assert(fc.property(fc.array(event, { maxLength: 300 }), (gaps) => {
      let second = 0
      const events = gaps.map(([gap, key]) => [second += gap, key] as const)
      const { history, steps } = recordAll(events)
      const requests = steps.filter((step) => step === "Create" || step.startsWith("Count")).length
      assert.isAtMost(requests, 10 + Math.floor(second / 30))
      assert.isAtMost(history.series.size, 30)
    }))
  })
})
