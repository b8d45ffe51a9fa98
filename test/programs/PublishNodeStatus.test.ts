import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Queue, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import * as NodeState from "../../src/programs/NodeState.ts"
import * as PublishNodeStatus from "../../src/programs/PublishNodeStatus.ts"
import { nodePTPDevs } from "../../src/services/kubernetes/NodePTPDev.ts"
import type { ProcessStatus } from "../../src/services/processes/ProcessSupervisor.ts"
import { spec } from "../layers/processes/ScriptedRunner.ts"
import { makeInMemoryNode } from "./InMemoryNode.ts"

const make = Effect.gen(function*() {
  const node = yield* makeInMemoryNode
  const context = yield* Layer.build(node.layer)
  const { reconciliation } = yield* Effect.provideContext(NodeState.NodeState, context)
  yield* SubscriptionRef.set(reconciliation, {
    decision: Option.some({ profiles: [], skipped: [], processes: [], problems: [] }),
    linuxptpMissing: false,
    applyingSince: undefined
  })
  const run = Effect.forkScoped(Effect.provideContext(PublishNodeStatus.run, context))
  return { ...node, reconciliation, run }
})

const status = (change: Partial<ProcessStatus>): ProcessStatus => ({
  id: "ptp4l-a",
  spec: spec("ptp4l-a"),
  state: "Running",
  restarts: 0,
  deaths: 0,
  pid: 1,
  run: 1,
  lastExit: undefined,
  reason: undefined,
  ...change
})

/** Lets time pass in small steps until something comes. */
const takeInTime = <A>(queue: Queue.Queue<A>) =>
  TestClock.adjust("100 millis").pipe(
    Effect.andThen(Queue.size(queue)),
    Effect.repeat({ until: (size) => size > 0 }),
    Effect.andThen(Queue.take(queue))
  )

const conditionsOf = (object: { readonly [key: string]: unknown }) => JSON.stringify(object["status"])

describe("PublishNodeStatus", () => {
  it.effect("creates the object that is missing, and again when somebody deletes it", () =>
    Effect.gen(function*() {
      const { run, set, written } = yield* make
      yield* run
      yield* set(nodePTPDevs, [])
      assert.strictEqual((yield* takeInTime(written)).metadata.name, "worker-1")
      yield* set(nodePTPDevs, [])
      assert.include(conditionsOf(yield* takeInTime(written)), "NoProfile")
    }))

  it.effect("writes nothing when nothing changed", () =>
    Effect.gen(function*() {
      const { reconciliation, run, set, statuses, written } = yield* make
      yield* run
      yield* set(nodePTPDevs, [])
      yield* takeInTime(written)
      yield* SubscriptionRef.update(reconciliation, (now) => ({ ...now, applyingSince: 5n }))
      yield* SubscriptionRef.set(statuses, [])
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* Queue.size(written), 0)
    }))

  it.effect("writes a process's state at once, its counters after 10 s of quiet", () =>
    Effect.gen(function*() {
      const { run, set, statuses, written } = yield* make
      yield* run
      yield* set(nodePTPDevs, [])
      yield* takeInTime(written)
      yield* SubscriptionRef.set(statuses, [status({})])
      assert.include(conditionsOf(yield* takeInTime(written)), "ptp4l-a")
      yield* SubscriptionRef.set(statuses, [status({ restarts: 1 })])
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* Queue.size(written), 0)
      yield* TestClock.adjust("1 seconds")
      assert.include(conditionsOf(yield* takeInTime(written)), "\"restarts\":1")
    }))

  it.effect("writes ten urgent changes at once, then one each 5 s", () =>
    Effect.gen(function*() {
      const { run, set, statuses, written } = yield* make
      yield* run
      yield* set(nodePTPDevs, [])
      yield* takeInTime(written)
      for (let write = 1; write < 10; write += 1) {
        yield* SubscriptionRef.set(statuses, [status({ state: write % 2 === 0 ? "Running" : "BackOff" })])
        yield* takeInTime(written)
      }
      yield* SubscriptionRef.set(statuses, [status({ state: "Stopping" })])
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(yield* Queue.size(written), 0)
      yield* TestClock.adjust("1 seconds")
      assert.include(conditionsOf(yield* takeInTime(written)), "Stopping")
    }))

  it.effect("tries again with back-off when the API server refuses, and says what is true by then", () =>
    Effect.gen(function*() {
      const { failures, refused, run, set, statuses, written } = yield* make
      failures.push("Unreachable", "Denied")
      yield* run
      yield* set(nodePTPDevs, [])
      assert.strictEqual(yield* takeInTime(refused), "Unreachable")
      yield* SubscriptionRef.set(statuses, [status({})])
      assert.strictEqual(yield* takeInTime(refused), "Denied")
      assert.include(conditionsOf(yield* takeInTime(written)), "ptp4l-a")
    }))

  it.effect("tells of a crash loop by an event", () =>
    Effect.gen(function*() {
      const { events, run, set, statuses, written } = yield* make
      yield* run
      yield* set(nodePTPDevs, [])
      yield* takeInTime(written)
      yield* SubscriptionRef.set(statuses, [
        status({ state: "BackOff", restarts: 3, deaths: 3, lastExit: "exit code 255" })
      ])
      const event = yield* takeInTime(events)
      assert.strictEqual(event.reason, "ProcessCrashLoop")
      assert.include(event.note, "exit code 255")
    }))
})
