import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Latch, Layer, Option, Queue, Schema, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import * as NodeState from "../../src/programs/NodeState.ts"
import * as PublishNodeStatus from "../../src/programs/PublishNodeStatus.ts"
import type { NodeClock } from "../../src/services/clocks/NodeClock.ts"
import { KubernetesApi } from "../../src/services/kubernetes/KubernetesApi.ts"
import type { KubernetesObject } from "../../src/services/kubernetes/KubernetesObject.ts"
import { nodePTPDevs, NodePTPDevStatus } from "../../src/services/kubernetes/NodePTPDev.ts"
import { newProcessStatus, type ProcessStatus } from "../../src/services/processes/ProcessSupervisor.ts"
import { spec } from "../layers/processes/ScriptedRunner.ts"
import { decision, profile } from "../services/status/PublishedNode.ts"
import { failure, makeInMemoryNode } from "./InMemoryNode.ts"

/** While `answers` is closed, patches are stored and seen, but not answered. `unseen` is there, but not in the watch. */
const make = Effect.fnUntraced(function*({ unseen }: { readonly unseen?: KubernetesObject } = {}) {
  const node = yield* makeInMemoryNode
  const built = yield* Layer.build(node.layer)
  const answers = yield* Latch.make(true)
  const api = Context.get(built, KubernetesApi)
  const context = Context.add(built, KubernetesApi, {
    ...api,
    ...(unseen === undefined ? {} : { get: () => Effect.succeedSome(unseen) }),
    patchStatus: (...patch) => Effect.tap(api.patchStatus(...patch), () => Latch.await(answers))
  })
  const { clock, reconciliation, surroundings } = yield* Effect.provideContext(NodeState.NodeState, context)
  yield* SubscriptionRef.set(surroundings, { linuxptp: { major: 4, minor: 4, patch: 0 }, nodeUid: "uid-worker-1" })
  yield* SubscriptionRef.set(reconciliation, {
    decision: Option.some({ profiles: [], skipped: [], processes: [], problems: [], rolledBack: [] }),
    isFromDisk: false,
    knownGood: Option.none(),
    linuxptpMissing: false,
    decidingSince: undefined
  })
  const run = Effect.forkScoped(Effect.provideContext(PublishNodeStatus.run, context))
  return { ...node, answers, clock, reconciliation, run, surroundings }
})

const status = (change: Partial<ProcessStatus>): ProcessStatus => ({
  ...newProcessStatus(spec("ptp4l-a")),
  state: "Running",
  wasReady: true,
  pid: 1,
  run: 1,
  ...change
})

/** Lets time pass in steps that news get through in. */
const passSeconds = (seconds: number) =>
  Effect.replicateEffect(TestClock.adjust("100 millis"), Math.round(seconds * 10), { discard: true })

/** Lets time pass in small steps until something comes. */
const takeInTime = <A>(queue: Queue.Queue<A>) =>
  TestClock.adjust("100 millis").pipe(
    Effect.andThen(Queue.size(queue)),
    Effect.repeat({ until: (size) => size > 0 }),
    Effect.andThen(Queue.take(queue))
  )

const statusOf = (object: KubernetesObject) => Schema.decodeUnknownSync(NodePTPDevStatus)(object["status"])

const conditionsOf = (object: { readonly [key: string]: unknown }) => JSON.stringify(object["status"])

describe("PublishNodeStatus", () => {
  it.effect("creates the object that is missing, and again when somebody deletes it (L-47 status lost)", () =>
    Effect.gen(function*() {
      const { run, set, written } = yield* make()
      yield* run
      yield* set(nodePTPDevs, [])
      assert.strictEqual((yield* takeInTime(written)).metadata.name, "worker-1")
      yield* set(nodePTPDevs, [])
      assert.include(conditionsOf(yield* takeInTime(written)), "NoProfile")
    }))

  it.effect("makes the object again that somebody deletes before a write of it is answered (L-47 status lost)", () =>
    Effect.gen(function*() {
      const { answers, run, set, statuses, written } = yield* make()
      yield* run
      yield* set(nodePTPDevs, [])
      yield* takeInTime(written)
      yield* Latch.close(answers)
      yield* SubscriptionRef.set(statuses, [status({})])
      yield* takeInTime(written)
      yield* set(nodePTPDevs, [])
      yield* passSeconds(1)
      yield* Latch.open(answers)
      assert.include(conditionsOf(yield* takeInTime(written)), "ptp4l-a")
    }))

  it.effect("writes nothing when nothing changed", () =>
    Effect.gen(function*() {
      const { reconciliation, run, set, statuses, written } = yield* make()
      yield* run
      yield* set(nodePTPDevs, [])
      yield* takeInTime(written)
      yield* SubscriptionRef.update(reconciliation, (now) => ({ ...now, decidingSince: 5n }))
      yield* SubscriptionRef.set(statuses, [])
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* Queue.size(written), 0)
    }))

  it.effect("writes a process's state at once, its counters after 10 s of quiet", () =>
    Effect.gen(function*() {
      const { run, set, statuses, written } = yield* make()
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
      const { run, set, statuses, written } = yield* make()
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

  it.effect("does not write what is over when its turn comes, and keeps the turn for the next change", () =>
    Effect.gen(function*() {
      const { run, set, statuses, written } = yield* make()
      yield* run
      yield* set(nodePTPDevs, [])
      yield* takeInTime(written)
      for (let write = 1; write < 10; write += 1) {
        yield* SubscriptionRef.set(statuses, [status({ state: write % 2 === 0 ? "BackOff" : "Running" })])
        yield* takeInTime(written)
      }
      yield* SubscriptionRef.set(statuses, [status({ state: "BackOff" })])
      yield* passSeconds(2)
      yield* SubscriptionRef.set(statuses, [status({ state: "Running" })])
      yield* passSeconds(3)
      assert.strictEqual(yield* Queue.size(written), 0)
      yield* SubscriptionRef.set(statuses, [status({ state: "Stopping" })])
      yield* passSeconds(0.3)
      assert.strictEqual(yield* Queue.size(written), 1)
      assert.include(conditionsOf(yield* Queue.take(written)), "Stopping")
    }))

  it.effect("writes counters that are left of a change that is over in their own time", () =>
    Effect.gen(function*() {
      const { run, set, statuses, written } = yield* make()
      yield* run
      yield* set(nodePTPDevs, [])
      yield* takeInTime(written)
      for (let write = 1; write < 10; write += 1) {
        yield* SubscriptionRef.set(statuses, [status({ state: write % 2 === 0 ? "BackOff" : "Running" })])
        yield* takeInTime(written)
      }
      yield* SubscriptionRef.set(statuses, [status({ state: "BackOff", restarts: 1 })])
      yield* passSeconds(1)
      yield* SubscriptionRef.set(statuses, [status({ state: "Running", restarts: 1 })])
      yield* passSeconds(8)
      assert.strictEqual(yield* Queue.size(written), 0)
      yield* passSeconds(2)
      assert.strictEqual(yield* Queue.size(written), 1)
      assert.include(conditionsOf(yield* Queue.take(written)), "\"restarts\":1")
    }))

  it.effect("writes counters that change while a write waits for its answer 10 s after it", () =>
    Effect.gen(function*() {
      const { answers, run, set, statuses, written } = yield* make()
      yield* run
      yield* set(nodePTPDevs, [])
      yield* takeInTime(written)
      yield* passSeconds(20)
      yield* Latch.close(answers)
      yield* SubscriptionRef.set(statuses, [status({})])
      yield* takeInTime(written)
      yield* SubscriptionRef.set(statuses, [status({ restarts: 1 })])
      yield* passSeconds(1)
      yield* Latch.open(answers)
      yield* passSeconds(9)
      assert.strictEqual(yield* Queue.size(written), 0)
      yield* passSeconds(2)
      assert.strictEqual(yield* Queue.size(written), 1)
      assert.include(conditionsOf(yield* Queue.take(written)), "\"restarts\":1")
    }))

  it.effect("makes a deleted object as it was: with the times of its conditions, and without telling old events anew", () =>
    Effect.gen(function*() {
      const { events, reconciliation, run, set, written } = yield* make()
      yield* SubscriptionRef.update(reconciliation, (now) => ({
        ...now,
        decision: Option.some({
          profiles: [],
          skipped: [],
          processes: [],
          problems: [{ severity: "error" as const, config: "c", path: "spec", message: "is missing" }],
          rolledBack: []
        })
      }))
      yield* run
      yield* set(nodePTPDevs, [])
      const first = yield* takeInTime(written)
      assert.strictEqual((yield* Queue.take(events)).reason, "ProfileRejected")
      yield* TestClock.adjust("1 hour")
      yield* set(nodePTPDevs, [])
      assert.deepStrictEqual((yield* takeInTime(written))["status"], first["status"])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Queue.size(events), 0)
    }))

  it.effect("remembers the times and events of an earlier daemon, and says at once that it is another one", () =>
    Effect.gen(function*() {
      const { run, set, written } = yield* make()
      yield* run
      yield* set(nodePTPDevs, [])
      const first = yield* takeInTime(written)
      const { run: runAnew, set: setAnew, written: writtenAnew } = yield* make()
      yield* TestClock.adjust("1 hour")
      yield* setAnew(nodePTPDevs, [first])
      yield* runAnew
      const second = yield* takeInTime(writtenAnew)
      const { daemon: before, ...others } = statusOf(first)
      const { daemon: now, ...same } = statusOf(second)
      assert.deepStrictEqual(same, others)
      assert.notStrictEqual(now?.startedAt, before?.startedAt)
      yield* setAnew(nodePTPDevs, [])
      assert.deepStrictEqual((yield* takeInTime(writtenAnew))["status"], second["status"])
    }))

  it.effect("writes counters 10 s after they differ first, also when it has written nothing itself", () =>
    Effect.gen(function*() {
      const { run, set, statuses, written } = yield* make()
      yield* SubscriptionRef.set(statuses, [status({})])
      yield* run
      yield* set(nodePTPDevs, [])
      const first = yield* takeInTime(written)
      const anew = yield* make()
      yield* SubscriptionRef.set(anew.statuses, [status({})])
      yield* anew.set(nodePTPDevs, [first])
      yield* anew.run
      for (let restarts = 1; restarts <= 10; restarts += 1) {
        yield* SubscriptionRef.set(anew.statuses, [status({ restarts })])
        assert.strictEqual(yield* Queue.size(anew.written), 0)
        yield* passSeconds(1)
      }
      yield* passSeconds(0.2)
      assert.strictEqual(yield* Queue.size(anew.written), 1)
      assert.include(conditionsOf(yield* Queue.take(anew.written)), "\"restarts\":10")
    }))

  it.effect("tries again with back-off when the API server refuses, and says what is true by then (L-47 status lost)", () =>
    Effect.gen(function*() {
      const { failures, refused, run, set, statuses, written } = yield* make()
      failures.push(failure("Unreachable"), failure("Denied"))
      yield* run
      yield* set(nodePTPDevs, [])
      assert.strictEqual(yield* takeInTime(refused), "Unreachable")
      yield* SubscriptionRef.set(statuses, [status({})])
      assert.strictEqual(yield* takeInTime(refused), "Denied")
      assert.include(conditionsOf(yield* takeInTime(written)), "ptp4l-a")
    }))

  it.effect("reads again what the watch has not told of, when there is one already (409), and keeps its times", () =>
    Effect.gen(function*() {
      const { run, set, written } = yield* make()
      yield* run
      yield* set(nodePTPDevs, [])
      const first = yield* takeInTime(written)
      const anew = yield* make({ unseen: first })
      anew.failures.push(failure("Conflict"))
      yield* TestClock.adjust("1 hour")
      yield* anew.run
      yield* anew.set(nodePTPDevs, [])
      assert.strictEqual(yield* takeInTime(anew.refused), "Conflict")
      assert.deepStrictEqual(statusOf(yield* takeInTime(anew.written)).conditions, statusOf(first).conditions)
    }))

  it.effect("does not try again before the time that the API server asks for", () =>
    Effect.gen(function*() {
      const { failures, refused, run, set, written } = yield* make()
      failures.push(failure("TooManyRequests", 20))
      yield* run
      yield* set(nodePTPDevs, [])
      assert.strictEqual(yield* takeInTime(refused), "TooManyRequests")
      yield* TestClock.adjust("19900 millis")
      assert.strictEqual(yield* Queue.size(written), 0)
      yield* takeInTime(written)
    }))

  it.effect("tells of a crash loop by an event", () =>
    Effect.gen(function*() {
      const { events, run, set, statuses, written } = yield* make()
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

  it.effect("takes back a grandmaster that the clock no longer has", () =>
    Effect.gen(function*() {
      const { clock, reconciliation, run, set, written } = yield* make()
      const locked: NodeClock = {
        state: "LOCKED",
        reason: "Locked",
        grandmaster: "62bd56.fffe.1c046d",
        ports: [],
        alarms: [],
        sinceMillis: 0
      }
      yield* SubscriptionRef.update(reconciliation, (now) => ({
        ...now,
        decision: Option.some(decision({ profiles: [profile("a", [])] }))
      }))
      yield* SubscriptionRef.set(clock, locked)
      yield* run
      yield* set(nodePTPDevs, [])
      assert.include(conditionsOf(yield* takeInTime(written)), "62bd56.fffe.1c046d")
      yield* SubscriptionRef.set(clock, { ...locked, grandmaster: undefined, state: "FREERUN", reason: "Grandmaster" })
      assert.notInclude(conditionsOf(yield* takeInTime(written)), "grandmaster\":")
      yield* passSeconds(60)
      assert.strictEqual(yield* Queue.size(written), 0)
    }))

  it.effect("creates nothing while there is no Node, and then an object that the Node owns", () =>
    Effect.gen(function*() {
      const { run, set, surroundings, written } = yield* make()
      yield* SubscriptionRef.update(surroundings, (now) => ({ ...now, nodeUid: undefined }))
      yield* run
      yield* set(nodePTPDevs, [])
      yield* passSeconds(60)
      assert.strictEqual(yield* Queue.size(written), 0)
      yield* SubscriptionRef.update(surroundings, (now) => ({ ...now, nodeUid: "uid-7" }))
      const { metadata } = yield* takeInTime(written)
      assert.deepStrictEqual(Object.entries<unknown>(metadata).find(([key]) => key === "ownerReferences")?.[1], [
        { apiVersion: "v1", kind: "Node", name: "worker-1", uid: "uid-7" }
      ])
    }))
})

describe("a daemon that is told to stop", () => {
  const stopped = Effect.fnUntraced(function*(node: Effect.Success<ReturnType<typeof make>>) {
    const running = yield* node.run
    yield* node.set(nodePTPDevs, [])
    yield* takeInTime(node.written)
    return running
  })

  it.effect("takes its status back, and is overwritten by the next one", () =>
    Effect.gen(function*() {
      const node = yield* make()
      const running = yield* stopped(node)
      yield* Fiber.interrupt(running)
      const last = yield* Queue.take(node.written)
      const { clock, conditions, daemon, processes } = statusOf(last)
      assert.deepStrictEqual(conditions.map(({ reason, status }) => [status, reason]), [
        ["Unknown", "DaemonStopped"],
        ["Unknown", "DaemonStopped"],
        ["Unknown", "DaemonStopped"]
      ])
      assert.deepStrictEqual([clock, processes], [undefined, []])
      assert.isDefined(daemon?.stoppedAt)
      const next = yield* make()
      yield* next.run
      yield* next.set(nodePTPDevs, [last])
      const first = statusOf(yield* takeInTime(next.written))
      assert.isUndefined(first.daemon?.stoppedAt)
      assert.include(first.conditions.map(({ reason }) => reason), "NoProfile")
    }))

  it.effect("waits for a write that is under way, because that must not arrive later", () =>
    Effect.gen(function*() {
      const node = yield* make()
      const running = yield* stopped(node)
      yield* Latch.close(node.answers)
      yield* SubscriptionRef.set(node.statuses, [status({})])
      yield* takeInTime(node.written)
      yield* Effect.forkChild(Fiber.interrupt(running), { startImmediately: true })
      yield* passSeconds(1)
      assert.strictEqual(yield* Queue.size(node.written), 0)
      yield* Latch.open(node.answers)
      assert.include(conditionsOf(yield* takeInTime(node.written)), "DaemonStopped")
    }))

  it.effect("waits 2 s for an API server that hangs, not longer", () =>
    Effect.gen(function*() {
      const node = yield* make()
      const running = yield* stopped(node)
      yield* Latch.close(node.answers)
      const ending = yield* Effect.forkChild(Fiber.interrupt(running), { startImmediately: true })
      yield* passSeconds(1.9)
      assert.isUndefined(ending.pollUnsafe())
      yield* passSeconds(0.2)
      assert.isDefined(ending.pollUnsafe())
    }))
})
