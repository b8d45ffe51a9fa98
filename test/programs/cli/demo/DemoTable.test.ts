import { assert, describe, it } from "@effect/vitest"
import { Effect, Queue, Stream } from "effect"
import * as fc from "fast-check"
import { DemoScreen, type Picture } from "../../../../src/programs/cli/demo/DemoScreen.ts"
import { changedLines, renderDemoTable, showTable } from "../../../../src/programs/cli/demo/DemoTable.ts"
import type { KubernetesObject } from "../../../../src/services/kubernetes/KubernetesObject.ts"
import type { NodePTPDevStatus } from "../../../../src/services/kubernetes/NodePTPDev.ts"

const since = "2026-01-01T00:00:00Z"
const condition = (type: string, status: "True" | "False" | "Unknown", reason: string) => ({
  type,
  status,
  reason,
  message: "",
  lastTransitionTime: since
})
const locked: NodePTPDevStatus = {
  ptpDevices: [{ name: "ens787f1" }],
  profiles: [{ name: "ordinary-clock", config: "ordinary-clock", priority: 20, matchedBy: "nodeLabel worker" }],
  processes: [
    { id: "phc2sys-1", program: "phc2sys", profile: "ordinary-clock", state: "Running", restarts: 0 },
    { id: "ptp4l-1", program: "ptp4l", profile: "ordinary-clock", state: "Running", restarts: 0 }
  ],
  clock: { state: "LOCKED", ports: [{ interface: "ens787f1", state: "SLAVE" }], since },
  conditions: [condition("Applied", "True", "Applied"), condition("Synchronized", "True", "Locked")]
}
const grandmaster: NodePTPDevStatus = {
  ...locked,
  clock: {
    state: "FREERUN",
    ports: [{ interface: "ens1f0", state: "MASTER" }, { interface: "ens1f1", state: "FAULTY" }],
    since
  },
  conditions: [condition("Applied", "True", "Applied"), condition("Synchronized", "False", "Grandmaster")]
}
const crashing: NodePTPDevStatus = {
  ...locked,
  processes: [
    { id: "ptp4l-1", program: "ptp4l", profile: "ordinary-clock", state: "BackOff", restarts: 3 },
    { id: "phc2sys-1", program: "phc2sys", profile: "ordinary-clock", state: "Running", restarts: 2 }
  ],
  conditions: [condition("Applied", "False", "ProcessesNotReady")]
}
const unused: NodePTPDevStatus = {
  ptpDevices: [],
  profiles: [],
  processes: [],
  conditions: [condition("Applied", "True", "NoProfile")]
}

const object = (name: string, status?: NodePTPDevStatus): KubernetesObject => ({
  metadata: { name },
  spec: {},
  ...(status === undefined ? {} : { status: JSON.parse(JSON.stringify(status)) })
})
const everyKind = [
  object("worker-10", unused),
  object("worker-3", crashing),
  object("worker-1", locked),
  object("worker-2", grandmaster),
  object("worker-4")
]

describe("renderDemoTable", () => {
  it("says so when no node has published anything", () => {
    assert.deepStrictEqual(renderDemoTable([], 80), ["No node has published a NodePTPDev yet."])
  })

  it("shows nodes in the order of their numbers, with what needs a look", () => {
    assert.deepStrictEqual(renderDemoTable(everyKind, 200), [
      "NODE       PROFILE         CLOCK         APPLIED                    PORTS                         PROCESSES",
      "worker-1   ordinary-clock  LOCKED        True                       ens787f1 SLAVE                phc2sys, ptp4l",
      "worker-2   ordinary-clock  FREERUN (GM)  True                       ens1f0 MASTER, ens1f1 FAULTY  phc2sys, ptp4l",
      "worker-3   ordinary-clock  LOCKED        False (ProcessesNotReady)  ens787f1 SLAVE                ptp4l (BackOff, restarts: 3), phc2sys (restarts: 2)",
      "worker-4   -               -             -                          -                             -",
      "worker-10  -               -             True (NoProfile)           -                             -"
    ])
  })

  it("never gives the terminal a control character that somebody wrote into a status", () => {
    const [, row] = renderDemoTable([object("worker-1\u001B[2J\n", locked)], 80)
    assert.match(row ?? "", /^worker-1\?\[2J\? {2}ordinary-clock/)
  })

  it("never makes a line longer than the terminal is wide", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 200 }), (width) => {
      for (const line of renderDemoTable(everyKind, width)) assert.isAtMost(line.length, width)
    }))
  })

  it("does not depend on the order", () => {
    fc.assert(fc.property(fc.shuffledSubarray(everyKind, { minLength: everyKind.length }), (shuffled) => {
      assert.deepStrictEqual(renderDemoTable(shuffled, 200), renderDemoTable(everyKind, 200))
    }))
  })
})

describe("changedLines", () => {
  it("is silent when nothing changed", () => {
    assert.deepStrictEqual(changedLines([], []), [])
    assert.deepStrictEqual(changedLines(everyKind, everyKind.toReversed()), [])
  })

  it("has one line for each node that came, changed or went", () => {
    const before = [object("worker-1", locked), object("worker-2", locked), object("worker-3", locked)]
    const after = [object("worker-1", locked), object("worker-2", crashing), object("worker-4")]
    assert.deepStrictEqual(changedLines(before, after), [
      "worker-2: profile ordinary-clock; clock LOCKED; applied False (ProcessesNotReady); ports ens787f1 SLAVE; processes ptp4l (BackOff, restarts: 3), phc2sys (restarts: 2)",
      "worker-4: no status yet",
      "worker-3: its NodePTPDev is gone"
    ])
  })
})

/** A screen that hands over what it is given. */
const recordingScreen = Effect.fnUntraced(function*(isLive: boolean) {
  const said = yield* Queue.unbounded<string>()
  const drawn = yield* Queue.unbounded<ReadonlyArray<string>>()
  const screen = DemoScreen.of({
    isLive,
    say: (text) => Queue.offer(said, text),
    draw: (picture: Picture) => Queue.offer(drawn, picture(80))
  })
  return { said, drawn, screen }
})

describe("showTable", () => {
  const lists = Stream.make([object("worker-1")], [object("worker-1", locked)], [object("worker-1", locked)])

  it.effect("draws a table on a terminal before the first list and for each list, and says nothing", () =>
    Effect.gen(function*() {
      const { drawn, said, screen } = yield* recordingScreen(true)
      yield* Effect.forkScoped(showTable(lists).pipe(Effect.provideService(DemoScreen, screen)))
      assert.deepStrictEqual(yield* Queue.take(drawn), ["", ...renderDemoTable([], 80)])
      assert.deepStrictEqual(yield* Queue.take(drawn), ["", ...renderDemoTable([object("worker-1")], 80)])
      assert.deepStrictEqual(yield* Queue.take(drawn), ["", ...renderDemoTable([object("worker-1", locked)], 80)])
      assert.strictEqual(yield* Queue.size(said), 0)
    }))

  it.effect("says one line for each change of a node elsewhere", () =>
    Effect.gen(function*() {
      const { said, screen } = yield* recordingScreen(false)
      const whole = Stream.concat(lists, Stream.make([]))
      yield* Effect.forkScoped(showTable(whole).pipe(Effect.provideService(DemoScreen, screen)))
      assert.strictEqual(yield* Queue.take(said), "worker-1: no status yet")
      assert.include(yield* Queue.take(said), "worker-1: profile ordinary-clock; clock LOCKED")
      assert.strictEqual(yield* Queue.take(said), "worker-1: its NodePTPDev is gone")
    }))
})
