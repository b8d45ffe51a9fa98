/** A judge that never complains proves nothing, so each of its rules is broken here once. */
import { assert, describe, it } from "@effect/vitest"
import { spec } from "../layers/processes/ScriptedRunner.ts"
import type { Child } from "../simulation/Child.ts"
import { makeJudge } from "./Judge.ts"

const ptp4l = spec("ptp4l-a")
const phc2sys = spec("phc2sys-a", { program: "phc2sys", after: ["ptp4l-a"], interfaces: [] })

const make = () => {
  const living = new Map<number, Child>()
  const breaches: Array<string> = []
  let now = 0
  const judge = makeJudge({ now: () => now, living: () => living, tell: (breach) => void breaches.push(breach) })
  const start = (of: typeof ptp4l, change: Partial<Child> = {}) => {
    const child: Child = {
      pid: living.size + 1,
      spec: of,
      askedAt: now,
      bornAt: now,
      readyAt: now,
      termAt: undefined,
      killAt: undefined,
      obeysAfter: 0,
      isStuck: false,
      hang: undefined,
      frozenAt: undefined,
      isMute: false,
      isDeaf: false,
      outlivedBy: 0,
      print: () => {},
      becomeReady: () => {},
      answer: () => "silent",
      end: () => {},
      free: () => {},
      freeze: () => {},
      vitals: () => ({ state: "S", switches: 0 }),
      ...change
    }
    judge.onAttempt(of)
    living.set(child.pid, child)
    judge.onStart(child)
    return child
  }
  const exit = (child: Child) => {
    living.delete(child.pid)
    judge.onExit(child)
  }
  const advance = (millis: number) => {
    now += millis
  }
  judge.wish([ptp4l, phc2sys])
  return { judge, start, exit, advance, breaches }
}

describe("the judge", () => {
  it("says nothing of an ordinary life", () => {
    const { advance, breaches, exit, judge, start } = make()
    const server = start(ptp4l)
    const client = start(phc2sys)
    advance(1_000)
    judge.wish([])
    judge.onSignal(client, "SIGTERM")
    exit(client)
    judge.onSignal(server, "SIGTERM")
    exit(server)
    assert.deepStrictEqual(breaches, [])
  })

  it("sees a second process of one id, in one directory, on one NIC", () => {
    const { breaches, start } = make()
    start(ptp4l)
    start(ptp4l)
    assert.deepStrictEqual(breaches, [
      "start of ptp4l-a: its predecessor, pid 1, is not reaped",
      "start of ptp4l-a: pid 1 has its directory",
      "start of ptp4l-a: ens1f0 belongs to ptp4l-a, pid 1"
    ])
  })

  it("sees a start that nobody wants", () => {
    const { breaches, start } = make()
    start(spec("ptp4l-b", { interfaces: ["ens9"] }))
    assert.deepStrictEqual(breaches, ["start of ptp4l-b: nobody wants it"])
  })

  it("sees a dependant that starts before what it runs after is ready", () => {
    const { breaches, start } = make()
    start(ptp4l, { readyAt: undefined })
    start(phc2sys)
    assert.deepStrictEqual(breaches, ["start of phc2sys-a: ptp4l-a is not ready"])
  })

  it("sees a successor that starts beside a dependant of its predecessor, before that one counts as unreapable", () => {
    const { advance, breaches, exit, start } = make()
    const server = start(ptp4l)
    const client = start(phc2sys)
    exit(server)
    client.termAt = 0
    advance(5_999)
    start(ptp4l)
    assert.deepStrictEqual(breaches, ["start of ptp4l-a: its dependant phc2sys-a, pid 2, still runs"])
  })

  it("sees a stop without a reason, and one that comes before a dependant's", () => {
    const { advance, breaches, judge, start } = make()
    const server = start(ptp4l)
    start(phc2sys)
    advance(1)
    judge.onSignal(server, "SIGTERM")
    assert.deepStrictEqual(breaches, [
      "SIGTERM to ptp4l-a, pid 1: nobody changed it, and what it runs after is there",
      "SIGTERM to ptp4l-a, pid 1: its dependant phc2sys-a, pid 2, still runs"
    ])
  })

  it("sees a SIGKILL that comes less than 5 s after SIGTERM", () => {
    const { advance, breaches, judge, start } = make()
    const server = start(ptp4l)
    server.termAt = 0
    advance(4_999)
    judge.onSignal(server, "SIGKILL")
    advance(1)
    judge.onSignal(server, "SIGKILL")
    assert.deepStrictEqual(breaches, ["SIGKILL to ptp4l-a, pid 1: SIGTERM did not come 5000 ms before"])
  })

  it("sees a restart that is later than the policy allows", () => {
    const { advance, breaches, exit, start } = make()
    exit(start(ptp4l))
    advance(100)
    exit(start(ptp4l))
    advance(301)
    start(ptp4l)
    assert.deepStrictEqual(breaches, ["start of ptp4l-a: started 301 ms after it could, allowed are 300 ms"])
  })

  it("sees a first start that waits although nothing had to go before", () => {
    const { advance, breaches, start } = make()
    advance(101)
    start(ptp4l)
    assert.deepStrictEqual(breaches, [
      "start of ptp4l-a: started 101 ms after it was wanted, and nothing had to go before"
    ])
  })

  it("sees a start while the daemon ends", () => {
    const { breaches, judge, start } = make()
    judge.onShutdown()
    start(ptp4l)
    assert.deepStrictEqual(breaches, ["start of ptp4l-a: the daemon is ending"])
  })
})
