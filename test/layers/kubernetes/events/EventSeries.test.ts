import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as fc from "fast-check"
import {
  emptyHistory,
  type EventHistory,
  type EventStep,
  nextWriteMillis,
  recordInHistory,
  takeHeldBack,
  withNewEvent,
  withoutSeries
} from "../../../../src/layers/kubernetes/events/EventSeries.ts"
import type { NodeEvent } from "../../../../src/services/kubernetes/KubernetesApi.ts"

interface Occurrence {
  readonly second: number
  readonly key: string
  readonly regarding?: string
}

const event: NodeEvent = {
  type: "Warning",
  reason: "ClockLost",
  note: "what it tells decides nothing",
  regarding: { metadata: { name: "worker-1" } }
}

/** Records `key` at a second; its first letter is its reason. */
const recordOne = (history: EventHistory, { key, regarding = "worker-1", second }: Occurrence) => {
  const occurrence = {
    key,
    event,
    regarding,
    reason: key.slice(0, 1),
    path: `/${key}.${second}`,
    at: secondsAt(second)
  }
  return recordInHistory(history, occurrence, second * 1000)
}

const secondsAt = (second: number) => DateTime.makeUnsafe(second * 1000)

const show = (step: EventStep): string => {
  if (step._tag !== "Count") return step._tag
  return `Count ${step.newest.path} ${step.count} @${DateTime.toEpochMillis(step.newest.at) / 1000}`
}

/** Records events at seconds and says what became of each. */
const recordAll = (events: ReadonlyArray<Occurrence>, history = emptyHistory) => {
  const steps: Array<string> = []
  let known: EventHistory = history
  for (const event of events) {
    const [step, next] = recordOne(known, event)
    known = next
    steps.push(show(step))
  }
  return { steps, history: known }
}

/** Writes what was held back until a second, each when it is due. */
const writeUntil = (history: EventHistory, last: number) => {
  const written: Array<string> = []
  let known = history
  for (;;) {
    const millis = nextWriteMillis(known)
    if (millis === undefined || millis > last * 1000) return { written, history: known }
    const [step, next] = takeHeldBack(known, millis)
    known = next
    if (step !== undefined) written.push(`${millis / 1000}: ${show(step)}`)
  }
}

const at = (key: string, ...seconds: ReadonlyArray<number>) => seconds.map((second) => ({ key, second }))

describe("recordInHistory", () => {
  it("creates the first of each kind", () => {
    assert.deepStrictEqual(recordAll([]).steps, [])
    assert.deepStrictEqual(recordAll([...at("a", 0), ...at("b", 0)]).steps, ["Create", "Create"])
  })

  it("counts the same event again, and writes the count at most once a minute", () => {
    const { steps } = recordAll(at("a", 0, 10, 59, 60, 61, 120))
    assert.deepStrictEqual(steps, ["Create", "Wait", "Wait", "Count /a.0 4 @60", "Wait", "Count /a.0 6 @120"])
  })

  it("writes a recurrence at once when another reason of the object was seen since", () => {
    const { steps } = recordAll([...at("locked", 0, 10), ...at("free", 20), ...at("locked", 30, 31), ...at("free", 40)])
    assert.deepStrictEqual(steps, ["Create", "Wait", "Create", "Count /locked.0 3 @30", "Wait", "Count /free.20 2 @40"])
  })

  it("takes a recurrence for news when both reasons were seen in the same millisecond", () => {
    const { steps } = recordAll([...at("locked", 0), ...at("free", 0), ...at("locked", 10, 11)])
    assert.deepStrictEqual(steps, ["Create", "Create", "Count /locked.0 2 @10", "Wait"])
  })

  it("holds a recurrence back when the other event has the same reason, or is another object's", () => {
    const other = { key: "free", second: 20, regarding: "worker-2" }
    const { steps } = recordAll([...at("locked", 0), ...at("late", 10), other, ...at("locked", 30)])
    assert.deepStrictEqual(steps, ["Create", "Create", "Create", "Wait"])
  })

  it("leaves half of the burst to new events when reasons alternate", () => {
    const alternating = Array.from(
      { length: 20 },
      (_, second) => ({ key: second % 2 === 0 ? "locked" : "free", second })
    )
    const { history, steps } = recordAll(alternating)
    assert.strictEqual(steps.filter((step) => step.startsWith("Count")).length, 3)
    assert.deepStrictEqual(recordAll(at("x", 20), history).steps, ["Create"])
  })

  it("begins a new series after 10 min without the event", () => {
    assert.deepStrictEqual(recordAll(at("a", 0, 599, 1198, 1798)).steps, [
      "Create",
      "Count /a.0 2 @599",
      "Count /a.0 3 @1198",
      "Create"
    ])
  })

  it("creates anew when the Event could not be written", () => {
    const { history } = recordAll(at("a", 0))
    assert.deepStrictEqual(recordAll(at("a", 1), withoutSeries(history, "a")).steps, ["Create"])
  })

  it("counts from one at the new place of an Event that was gone, at most once a minute as ever", () => {
    const { history } = recordAll(at("a", 0, 60))
    const { steps } = recordAll(at("a", 61, 120), withNewEvent(history, "a", "/new"))
    assert.deepStrictEqual(steps, ["Wait", "Count /new 3 @120"])
  })

  it("takes the token of a new Event for one that was gone in advance", () => {
    const burst = Array.from({ length: 10 }, (_, index) => ({ key: `k${index}`, second: 0 }))
    const { history } = recordAll(burst)
    const { steps } = recordAll([...at("x", 30), ...at("y", 60)], withNewEvent(history, "k0", "/new"))
    assert.deepStrictEqual(steps, ["Drop", "Create"])
  })

  it("holds nothing back of an Event that was gone: its newest occurrence is in the new one", () => {
    const { history } = recordAll(at("a", 0, 20))
    assert.isUndefined(nextWriteMillis(withNewEvent(history, "a", "/new")))
  })

  it("lets a burst of 10 pass, then one each 30 s", () => {
    const burst = Array.from({ length: 11 }, (_, index) => ({ key: `k${index}`, second: 0 }))
    const { history, steps } = recordAll(burst)
    assert.deepStrictEqual(steps, [...Array.from({ length: 10 }, () => "Create"), "Drop"])
    const later = recordAll([...at("x", 29), ...at("y", 30), ...at("z", 31, 60)], history)
    assert.deepStrictEqual(later.steps, ["Drop", "Create", "Drop", "Create"])
  })
})

describe("takeHeldBack", () => {
  it("has nothing to write when nothing was held back", () => {
    assert.isUndefined(nextWriteMillis(emptyHistory))
    const { history } = recordAll([...at("a", 0, 60), ...at("b", 0)])
    assert.isUndefined(nextWriteMillis(history))
    assert.isUndefined(takeHeldBack(history, 120_000)[0])
  })

  it("writes the newest count and time once, when the minute is over and not before", () => {
    const { history } = recordAll(at("a", 0, 20, 25))
    assert.isUndefined(takeHeldBack(history, 59_999)[0])
    assert.deepStrictEqual(writeUntil(history, 600).written, ["60: Count /a.0 3 @25"])
  })

  it("writes all that is held back about an object together, the newest first", () => {
    const events = [...at("locked", 0), ...at("late", 10), ...at("locked", 20), ...at("late", 40)]
    assert.deepStrictEqual(writeUntil(recordAll(events).history, 600).written, [
      "60: Count /late.10 2 @40",
      "60: Count /locked.0 2 @20"
    ])
  })

  it("waits for a token", () => {
    const burst = Array.from({ length: 13 }, (_, index) => ({ key: `k${index}`, second: 0 }))
    const { history } = recordAll([...burst, ...at("k0", 1), ...at("new", 30), ...at("other", 60)])
    assert.isUndefined(takeHeldBack(history, 89_999)[0])
    assert.deepStrictEqual(writeUntil(history, 600).written, ["90: Count /k0.0 2 @1"])
  })

  it("never makes more than 10 requests and one more each 30 s, keeps few series and holds nothing back for ever", () => {
    const event = fc.tuple(fc.nat(120), fc.constantFrom("a", "b", "c"), fc.nat(20))
    fc.assert(fc.property(fc.array(event, { maxLength: 300 }), (gaps) => {
      let history = emptyHistory
      let second = 0
      let requests = 0
      for (const [gap, reason, suffix] of gaps) {
        second += gap
        const caughtUp = writeUntil(history, second)
        const [step, next] = recordOne(caughtUp.history, { key: `${reason}${suffix}`, second })
        history = next
        requests += caughtUp.written.length + (step._tag === "Create" || step._tag === "Count" ? 1 : 0)
        assert.isAtMost(requests, 10 + Math.floor(second / 30))
        assert.isAtMost(history.series.size, 30)
      }
      assert.isUndefined(nextWriteMillis(writeUntil(history, second + 1200).history))
    }))
  })
})
