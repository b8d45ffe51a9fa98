import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Option, Queue, Ref, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as FiberProcessSupervisor from "../../../src/layers/processes/FiberProcessSupervisor.ts"
import type { Scheduling } from "../../../src/services/processes/ProcessRunner.ts"
import { type ProcessStatus, ProcessSupervisor } from "../../../src/services/processes/ProcessSupervisor.ts"
import type { ProbeAnswer } from "../../../src/services/processes/ProgramKnowledge.ts"
import { makeScriptedRunner, scriptedKnowledge, spec } from "./ScriptedRunner.ts"

const ptp4l = spec("ptp4l-a", {
  management: { path: "/run/test/ptp4l-a/ptp4l", domainNumber: 0, transportSpecific: 0 }
})

/** A supervisor of children that answer what the test says. */
const make = Effect.fnUntraced(function*(scheduling?: Scheduling) {
  const runner = yield* makeScriptedRunner
  if (scheduling !== undefined) runner.scheduling.set(ptp4l.id, scheduling)
  const answer = yield* Ref.make<ProbeAnswer>("silent")
  const asked = yield* Queue.unbounded<void>()
  const probe = Effect.andThen(Queue.offer(asked, undefined), Ref.get(answer))
  const knowledge = scriptedKnowledge({
    longestPause: ({ program }) => program === "phc2sys" ? Duration.seconds(1) : undefined,
    probe: ({ management }) => management === undefined ? undefined : probe
  })
  const context = yield* Layer.build(FiberProcessSupervisor.layer(knowledge).pipe(Layer.provide(runner.layer)))
  const supervisor = Context.get(context, ProcessSupervisor)
  const statusWhere = (holds: (status: ProcessStatus) => boolean) =>
    supervisor.statuses.pipe(
      Stream.flatMap((statuses) => Stream.fromIterable(statuses)),
      Stream.filter(holds),
      Stream.runHead,
      Effect.map(Option.getOrThrow)
    )
  /** Lets a second pass until it has been asked so often. */
  const askTimes = (times: number) =>
    Effect.replicateEffect(
      TestClock.adjust("1 second").pipe(
        Effect.andThen(Queue.size(asked)),
        Effect.repeat({ until: (size) => size > 0 }),
        Effect.andThen(Queue.take(asked))
      ),
      times,
      { discard: true }
    )
  return { ...runner, supervisor, answer, asked, statusWhere, askTimes }
})

const isRunning = ({ state }: ProcessStatus) => state === "Running"
const complaintsOf = ({ complaints }: ProcessStatus) => complaints.map(({ kind }) => kind)

describe("a process that can be asked", () => {
  it.effect("is ready by its answer when its log says nothing", () =>
    Effect.gen(function*() {
      const { answer, askTimes, started, statusWhere, supervisor } = yield* make()
      yield* supervisor.apply([ptp4l])
      yield* Queue.take(started)
      yield* Ref.set(answer, "running")
      yield* askTimes(3)
      yield* Ref.set(answer, "ready")
      yield* askTimes(1)
      assert.deepStrictEqual((yield* statusWhere(isRunning)).complaints, [])
    }))

  it.effect("is complained of when it is ready and has not answered for 5 s, and left alone", () =>
    Effect.gen(function*() {
      const { answer, askTimes, log, started, statusWhere, supervisor } = yield* make()
      yield* supervisor.apply([ptp4l])
      ;(yield* Queue.take(started)).print("ready")
      const silentSince = yield* statusWhere(isRunning)
      assert.deepStrictEqual(complaintsOf(silentSince), [])
      yield* askTimes(7)
      const silent = yield* statusWhere(({ complaints }) => complaints.length > 0)
      assert.deepStrictEqual(silent.complaints, [{
        kind: "NotAnswering",
        text: "does not answer on its management socket /run/test/ptp4l-a/ptp4l"
      }])
      assert.strictEqual(silent.state, "Running")
      yield* Ref.set(answer, "running")
      yield* askTimes(1)
      yield* statusWhere(({ complaints }) => complaints.length === 0)
      assert.deepStrictEqual(log, ["+ptp4l-a"])
    }))

  it.effect("may lose one answer", () =>
    Effect.gen(function*() {
      const { answer, askTimes, started, statusWhere, supervisor } = yield* make()
      yield* Ref.set(answer, "ready")
      yield* supervisor.apply([ptp4l])
      yield* Queue.take(started)
      const complained = yield* Effect.forkChild(statusWhere(({ complaints }) => complaints.length > 0))
      yield* askTimes(2)
      yield* Ref.set(answer, "silent")
      yield* askTimes(1)
      yield* Ref.set(answer, "ready")
      yield* askTimes(1)
      assert.deepStrictEqual(complaintsOf(yield* statusWhere(isRunning)), [])
      // Nor was there a complaint in between.
      assert.isUndefined(complained.pollUnsafe())
    }))

  it.effect("is asked no more when it has ended", () =>
    Effect.gen(function*() {
      const { asked, askTimes, started, supervisor } = yield* make()
      yield* supervisor.apply([ptp4l])
      yield* Queue.take(started)
      yield* askTimes(1)
      yield* supervisor.apply([])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Queue.size(asked), 0)
    }))
})

const look = (seconds: number) => TestClock.adjust(`${seconds} seconds`)

describe("a process that hangs", () => {
  it.effect("is stalled within 7 s, is killed after 30 s, and starts again", () =>
    Effect.gen(function*() {
      const { log, started, statusWhere, supervisor, vitals } = yield* make()
      yield* supervisor.apply([ptp4l])
      ;(yield* Queue.take(started)).print("ready")
      yield* statusWhere(isRunning)
      vitals.set(ptp4l.id, { state: "T", switches: 7 })
      yield* look(6)
      const stalled = yield* statusWhere(({ isStalled }) => isStalled)
      assert.strictEqual(stalled.state, "Running")
      yield* statusWhere((status) => complaintsOf(status).includes("Stalled"))
      yield* look(24)
      assert.deepStrictEqual(log, ["+ptp4l-a"])
      yield* look(3)
      yield* Queue.take(started)
      const restarted = yield* statusWhere(({ restarts }) => restarts === 1)
      assert.deepStrictEqual(log, ["+ptp4l-a", "SIGKILL ptp4l-a", "-ptp4l-a", "+ptp4l-a"])
      assert.strictEqual(restarted.lastExit, "SIGKILL: hung for 30 s: stopped")
      assert.deepStrictEqual([restarted.deaths, restarted.configurationErrors], [1, 0])
      assert.isFalse(restarted.isStalled)
      assert.deepStrictEqual(restarted.complaints, [])
    }))

  it.effect("keeps its id when not even SIGKILL ends it, and its dependant is stopped", () =>
    Effect.gen(function*() {
      const { log, manners, started, statusWhere, supervisor, vitals } = yield* make()
      const phc2sys = spec("phc2sys-a", { program: "phc2sys", after: ["ptp4l-a"], interfaces: [] })
      manners.set(ptp4l.id, "stuck")
      yield* supervisor.apply([ptp4l, phc2sys])
      const first = yield* Queue.take(started)
      first.print("ready")
      yield* Queue.take(started)
      vitals.set(ptp4l.id, { state: "D", switches: 7 })
      yield* look(33)
      yield* look(1)
      const held = yield* statusWhere((status) => complaintsOf(status).includes("NotReaped"))
      assert.deepStrictEqual([held.id, held.state], ["ptp4l-a", "Stopping"])
      assert.deepStrictEqual(log, ["+ptp4l-a", "+phc2sys-a", "SIGKILL ptp4l-a", "SIGTERM phc2sys-a", "-phc2sys-a"])
      yield* first.die({ signal: "SIGKILL" })
      yield* Queue.take(started)
      manners.delete(ptp4l.id)
    }))

  it.effect("is not taken for hung while its socket is gone or another's", () =>
    Effect.gen(function*() {
      const { answer, log, started, statusWhere, supervisor, vitals } = yield* make()
      vitals.set(ptp4l.id, { state: "S", switches: 7 })
      yield* Ref.set(answer, "unreachable")
      yield* supervisor.apply([ptp4l])
      ;(yield* Queue.take(started)).print("ready")
      yield* look(120)
      const status = yield* statusWhere((now) => complaintsOf(now).includes("NotAnswering"))
      assert.isFalse(status.isStalled)
      assert.deepStrictEqual(log, ["+ptp4l-a"])
      // The same silence on its own socket ends it.
      yield* Ref.set(answer, "silent")
      yield* look(40)
      yield* Queue.take(started)
      assert.deepStrictEqual(log, ["+ptp4l-a", "SIGKILL ptp4l-a", "-ptp4l-a", "+ptp4l-a"])
    }))

  it.effect("that wakes up by itself is told by its context switches alone", () =>
    Effect.gen(function*() {
      const { log, started, statusWhere, supervisor, vitals } = yield* make()
      const phc2sys = spec("phc2sys-a", { program: "phc2sys" })
      vitals.set(phc2sys.id, { state: "S", switches: 7 })
      yield* supervisor.apply([phc2sys])
      ;(yield* Queue.take(started)).print("ready")
      yield* look(6)
      yield* statusWhere(({ isStalled }) => isStalled)
      vitals.set(phc2sys.id, { state: "S", switches: 8 })
      yield* look(3)
      yield* statusWhere(({ complaints, isStalled }) => !isStalled && complaints.length === 0)
      assert.deepStrictEqual(log, ["+phc2sys-a"])
    }))
})

describe("a process with a scheduling policy", () => {
  const fifo = { ...ptp4l, fifoPriority: 20 }

  it.effect("is complained of when the kernel schedules it otherwise, and runs on", () =>
    Effect.gen(function*() {
      const { started, statusWhere, supervisor } = yield* make({ policy: "SCHED_OTHER", priority: 0 })
      yield* supervisor.apply([fifo])
      ;(yield* Queue.take(started)).print("ready")
      const status = yield* statusWhere(({ complaints }) => complaints.length > 0)
      assert.deepStrictEqual(status.complaints, [{
        kind: "NotScheduled",
        text: "runs with SCHED_OTHER at priority 0, not SCHED_FIFO at 20"
      }])
      assert.strictEqual(status.state, "Running")
    }))

  it.effect("is not complained of when the kernel does as it should, nor when that can't be told", () =>
    Effect.gen(function*() {
      for (const scheduling of [{ policy: "SCHED_FIFO", priority: 20 } as const, undefined]) {
        const { askTimes, started, statusWhere, supervisor } = yield* make(scheduling)
        yield* supervisor.apply([fifo])
        ;(yield* Queue.take(started)).print("ready")
        yield* askTimes(1)
        assert.deepStrictEqual(complaintsOf(yield* statusWhere(isRunning)), [])
      }
    }))
})

describe("a process that ends by its configuration", () => {
  it.effect("is told apart from one that crashes, and from one that was ready before", () =>
    Effect.gen(function*() {
      const { started, statusWhere, supervisor } = yield* make()
      yield* supervisor.apply([ptp4l])
      yield* (yield* Queue.take(started)).die({ code: 254 })
      const misconfigured = yield* statusWhere(({ restarts }) => restarts === 1)
      assert.deepStrictEqual([misconfigured.configurationErrors, misconfigured.wasReady], [1, false])
      yield* (yield* Queue.take(started)).die({ signal: "SIGSEGV" })
      assert.strictEqual((yield* statusWhere(({ restarts }) => restarts === 2)).configurationErrors, 0)
      yield* TestClock.adjust("1 second")
      const third = yield* Queue.take(started)
      third.print("ready")
      yield* statusWhere(isRunning)
      yield* third.die({ code: 254 })
      const once = yield* statusWhere(({ restarts }) => restarts === 3)
      assert.deepStrictEqual([once.configurationErrors, once.wasReady], [1, true])
    }))
})
