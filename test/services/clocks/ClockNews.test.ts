import { assert, describe, it } from "@effect/vitest"
import { clockNews } from "../../../src/services/clocks/ClockNews.ts"
import type { NodeClock } from "../../../src/services/clocks/NodeClock.ts"

const clock = (change: Partial<NodeClock> = {}): NodeClock => ({
  state: "LOCKED",
  reason: "Locked",
  grandmaster: "507c6f.fffe.1fb1c0",
  ports: [],
  alarms: [],
  sinceMillis: 0,
  ...change
})
const alarm = (message: string) => ({ reason: "PortFaulty", message }) as const
const lost = clock({ state: "FREERUN", reason: "PortFaulty", grandmaster: undefined })

describe("clockNews", () => {
  it.each([
    { name: "says nothing of a node without a clock", before: clock(), now: undefined, news: [] },
    { name: "says nothing of what is as it was", before: clock(), now: clock({ sinceMillis: 5 }), news: [] },
    {
      name: "tells the first state with its grandmaster",
      before: undefined,
      now: clock(),
      news: ["clock state changed: LOCKED Locked 507c6f.fffe.1fb1c0"]
    },
    {
      name: "tells a new state with the one before",
      before: clock(),
      now: lost,
      news: ["clock state changed: FREERUN PortFaulty LOCKED"]
    },
    {
      name: "does not tell another reason of the same state",
      before: lost,
      now: { ...lost, reason: "Listening" as const },
      news: []
    },
    {
      name: "warns of an alarm once, before the state",
      before: clock({ alarms: [alarm("a")] }),
      now: { ...lost, alarms: [alarm("a"), alarm("b")] },
      news: ["! clock alarm: PortFaulty b", "clock state changed: FREERUN PortFaulty LOCKED"]
    },
    { name: "says nothing of an alarm that ends", before: clock({ alarms: [alarm("a")] }), now: clock(), news: [] }
  ])("$name", ({ before, news, now }) => {
    const told = clockNews(before, now).map((
      { annotations: { grandmaster, message: text, previous, reason, state }, ...line }
    ) =>
      `${line.isWarning ? "! " : ""}${line.message}: ${
        [state, reason, previous, grandmaster, text].filter((word) => word !== undefined).join(" ")
      }`
    )
    assert.deepStrictEqual(told, news)
  })
})
