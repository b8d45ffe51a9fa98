import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Context,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Option,
  Queue,
  Random,
  Scope,
  Stream
} from "effect"
import { TestClock } from "effect/testing"
import * as FiberProcessSupervisor from "../../../src/layers/processes/FiberProcessSupervisor.ts"
import { type ProcessStatus, ProcessSupervisor } from "../../../src/services/processes/ProcessSupervisor.ts"
import type { ProgramKnowledge } from "../../../src/services/processes/ProgramKnowledge.ts"
import { makeScriptedRunner, scriptedKnowledge, spec } from "./ScriptedRunner.ts"

/** A supervisor in a scope that the test can close, over scripted children that are ready when they print "ready". */
const makeWith = Effect.fnUntraced(function*(knowledge: ProgramKnowledge) {
  const runner = yield* makeScriptedRunner
  const scope = yield* Scope.make()
  yield* Effect.addFinalizer(() => {
    // Virtual time stands still by now: whoever is left has to obey at once.
    runner.manners.clear()
    return Scope.close(scope, Exit.void)
  })
  const context = yield* Layer.buildWithScope(
    FiberProcessSupervisor.layer(knowledge).pipe(Layer.provide(runner.layer)),
    scope
  )
  const supervisor = Context.get(context, ProcessSupervisor)
  /** Waits until a process has the wanted state, and gives its status. */
  const awaitState = (id: string, state: string) =>
    supervisor.statuses.pipe(
      Stream.flatMap((statuses) => Stream.fromIterable(statuses)),
      Stream.filter((status) => status.id === id && status.state === state),
      Stream.runHead,
      Effect.map(Option.getOrThrow)
    )
  return { ...runner, supervisor, awaitState, close: Scope.close(scope, Exit.void) }
})

const make = makeWith(scriptedKnowledge())

const complaintOf = ({ complaints }: ProcessStatus) => complaints[0]?.text
const ptp4l = spec("ptp4l-a")
const phc2sys = spec("phc2sys-a", { program: "phc2sys", after: ["ptp4l-a"] })
/** Full jitter at its longest, so that delays are exact. */
const longestJitter = Effect.provideService(Random.Random, {
  nextIntUnsafe: () => 1,
  nextDoubleUnsafe: () => 1
})

describe("FiberProcessSupervisor", () => {
  it.effect("runs nothing when nothing is desired", () =>
    Effect.gen(function*() {
      const { log, supervisor } = yield* make
      yield* supervisor.apply([])
      assert.deepStrictEqual(log, [])
    }))

  it.effect("leaves what did not change alone (L-05 restart without change)", () =>
    Effect.gen(function*() {
      const { log, supervisor } = yield* make
      yield* supervisor.apply([spec("a"), spec("b")])
      yield* supervisor.apply([spec("b"), spec("a", { files: {} })])
      assert.deepStrictEqual(log, ["+a", "+b"])
    }))

  it.effect("stops what changed before it starts its successor (L-02 two copies)", () =>
    Effect.gen(function*() {
      const { log, supervisor } = yield* make
      yield* supervisor.apply([spec("a"), spec("b")])
      yield* supervisor.apply([spec("a"), spec("b", { argv: ["ptp4l", "-i", "ens1f1"] })])
      assert.deepStrictEqual(log, ["+a", "+b", "SIGTERM b", "-b", "+b"])
    }))

  it.effect("starts a process that died only when a dependant that was being forked is down again", () =>
    Effect.gen(function*() {
      const { forks, log, started, supervisor } = yield* make
      const fork = yield* Deferred.make<void>()
      forks.set("phc2sys-a", fork)
      yield* supervisor.apply([phc2sys, ptp4l])
      const child = yield* Queue.take(started)
      child.print("ready")
      yield* Queue.take(started)
      yield* child.die({ code: 1 })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(log, ["+ptp4l-a", "+phc2sys-a", "-ptp4l-a"])
      yield* Deferred.succeed(fork, undefined)
      yield* Queue.take(started)
      assert.deepStrictEqual(log.slice(3), ["SIGTERM phc2sys-a", "-phc2sys-a", "+ptp4l-a"])
    }))

  it.effect("starts a dependant only when what it runs after is ready (L-06 phc2sys too early)", () =>
    Effect.gen(function*() {
      const { awaitState, log, started, supervisor } = yield* make
      yield* supervisor.apply([phc2sys, ptp4l])
      const child = yield* Queue.take(started)
      assert.deepStrictEqual(log, ["+ptp4l-a"])
      assert.strictEqual((yield* awaitState("phc2sys-a", "Starting")).reason, "waits for ptp4l-a")
      child.print("ready")
      assert.strictEqual((yield* Queue.take(started)).spec.id, "phc2sys-a")
      assert.strictEqual((yield* awaitState("ptp4l-a", "Running")).pid, child.pid)
    }))

  it.effect("stops dependants first, starts them last, and leaves a dependency alone", () =>
    Effect.gen(function*() {
      const { log, started, supervisor } = yield* make
      yield* supervisor.apply([ptp4l, phc2sys])
      ;(yield* Queue.take(started)).print("ready")
      yield* Queue.take(started)
      log.length = 0
      yield* supervisor.apply([ptp4l, { ...phc2sys, argv: ["phc2sys", "-a"] }])
      yield* Queue.take(started)
      assert.deepStrictEqual(log, ["SIGTERM phc2sys-a", "-phc2sys-a", "+phc2sys-a"])
      log.length = 0
      yield* supervisor.apply([{ ...ptp4l, argv: ["ptp4l"] }, { ...phc2sys, argv: ["phc2sys", "-a"] }])
      ;(yield* Queue.take(started)).print("ready")
      yield* Queue.take(started)
      assert.deepStrictEqual(log, [
        "SIGTERM phc2sys-a",
        "-phc2sys-a",
        "SIGTERM ptp4l-a",
        "-ptp4l-a",
        "+ptp4l-a",
        "+phc2sys-a"
      ])
    }))

  it.effect("restarts at once after the first death, then after 0.2 s doubled, with the reason in the status (L-01 never restarted)", () =>
    Effect.gen(function*() {
      const { awaitState, started, supervisor } = yield* make
      yield* supervisor.apply([ptp4l])
      const first = yield* Queue.take(started)
      first.print("failed to create a clock", "stderr")
      yield* first.die({ code: 255 })
      const second = yield* Queue.take(started)
      const status = yield* awaitState("ptp4l-a", "Starting")
      assert.strictEqual(status.lastExit, "exit code 255: failed to create a clock")
      assert.strictEqual(status.restarts, 1)
      yield* second.die({ signal: "SIGSEGV" })
      for (const millis of [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]) {
        yield* awaitState("ptp4l-a", "BackOff")
        yield* TestClock.adjust(Duration.millis(millis - 1))
        assert.strictEqual(yield* Queue.size(started), 0)
        yield* TestClock.adjust("1 millis")
        yield* (yield* Queue.take(started)).die({ code: 1 })
      }
    }).pipe(longestJitter))

  it.effect("starts at once what waits in back-off for a NIC that has come, and touches nothing else", () =>
    Effect.gen(function*() {
      const { awaitState, log, started, supervisor } = yield* make
      yield* supervisor.apply([ptp4l, spec("other", { interfaces: ["ens2f0"] })])
      const [first, other] = yield* Queue.takeN(started, 2)
      yield* first?.die({ code: 255 }) ?? Effect.void
      yield* (yield* Queue.take(started)).die({ code: 255 })
      assert.strictEqual((yield* awaitState("ptp4l-a", "BackOff")).deaths, 2)
      yield* supervisor.retryNow(["ens9f0"])
      assert.strictEqual(yield* Queue.size(started), 0)
      yield* supervisor.retryNow(["ens2f0", "ens1f0"])
      assert.strictEqual((yield* Queue.take(started)).spec.id, "ptp4l-a")
      assert.strictEqual(other?.spec.id, "other")
      assert.deepStrictEqual(log.filter((line) => line.endsWith("other")), ["+other"])
    }).pipe(longestJitter))

  it.effect("forgives deaths after 60 s of being ready", () =>
    Effect.gen(function*() {
      const { awaitState, started, supervisor } = yield* make
      yield* supervisor.apply([ptp4l])
      yield* (yield* Queue.take(started)).die({ code: 1 })
      const second = yield* Queue.take(started)
      second.print("ready")
      yield* awaitState("ptp4l-a", "Running")
      yield* TestClock.adjust("60 seconds")
      yield* second.die({ code: 1 })
      assert.strictEqual((yield* Queue.take(started)).spec.id, "ptp4l-a")
    }).pipe(longestJitter))

  it.effect("ends phc2sys when its ptp4l dies, and starts it when ptp4l is ready again", () =>
    Effect.gen(function*() {
      const { log, started, supervisor } = yield* make
      yield* supervisor.apply([ptp4l, phc2sys])
      const first = yield* Queue.take(started)
      first.print("ready")
      yield* Queue.take(started)
      log.length = 0
      yield* first.die({ signal: "SIGKILL" })
      ;(yield* Queue.take(started)).print("ready")
      assert.strictEqual((yield* Queue.take(started)).spec.id, "phc2sys-a")
      assert.deepStrictEqual(log, ["-ptp4l-a", "SIGTERM phc2sys-a", "-phc2sys-a", "+ptp4l-a", "+phc2sys-a"])
    }))

  it.effect("leaves ptp4l alone when phc2sys dies", () =>
    Effect.gen(function*() {
      const { log, started, supervisor } = yield* make
      yield* supervisor.apply([ptp4l, phc2sys])
      ;(yield* Queue.take(started)).print("ready")
      yield* (yield* Queue.take(started)).die({ code: 255 })
      yield* Queue.take(started)
      assert.deepStrictEqual(log, ["+ptp4l-a", "+phc2sys-a", "-phc2sys-a", "+phc2sys-a"])
    }))

  it.effect("kills a child that ignores SIGTERM for 5 s, and starts its successor only then (L-03 hanging stop)", () =>
    Effect.gen(function*() {
      const { awaitState, log, manners, started, supervisor } = yield* make
      manners.set("a", "ignores")
      yield* supervisor.apply([spec("a")])
      yield* Queue.take(started)
      const applying = yield* Effect.forkChild(supervisor.apply([spec("a", { argv: ["ptp4l"] })]), {
        startImmediately: true
      })
      yield* awaitState("a", "Stopping")
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(log, ["+a", "SIGTERM a"])
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(applying)
      assert.deepStrictEqual(log, ["+a", "SIGTERM a", "SIGKILL a", "-a", "+a"])
    }))

  it.effect("holds the id of a child that cannot be reaped, and goes on with the others (L-03 hanging stop)", () =>
    Effect.gen(function*() {
      const { awaitState, log, manners, started, supervisor } = yield* make
      manners.set("a", "stuck")
      yield* supervisor.apply([spec("a")])
      const stuck = yield* Queue.take(started)
      const applying = yield* Effect.forkChild(supervisor.apply([spec("a", { argv: ["ptp4l"] }), spec("b")]), {
        startImmediately: true
      })
      yield* awaitState("a", "Stopping")
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(applying)
      assert.strictEqual((yield* Queue.take(started)).spec.id, "b")
      assert.strictEqual(complaintOf(yield* awaitState("a", "Stopping")), `pid ${stuck.pid} cannot be reaped`)
      yield* stuck.die({ signal: "SIGKILL" })
      assert.deepStrictEqual((yield* Queue.take(started)).spec.argv, ["ptp4l"])
      assert.deepStrictEqual(log, ["+a", "SIGTERM a", "SIGKILL a", "+b", "-a", "+a"])
    }))

  it.effect("does not start a process again that dies while it waits for its stop", () =>
    Effect.gen(function*() {
      const { awaitState, log, manners, started, supervisor } = yield* make
      manners.set("phc2sys-a", "ignores")
      yield* supervisor.apply([ptp4l, phc2sys, spec("b")])
      const [one, other] = yield* Queue.takeN(started, 2)
      const [first, b] = one?.spec.id === "b" ? [other, one] : [one, other]
      first?.print("ready")
      yield* Queue.take(started)
      const applying = yield* Effect.forkChild(supervisor.apply([]), { startImmediately: true })
      yield* awaitState("phc2sys-a", "Stopping")
      log.length = 0
      yield* b?.die({ code: 1 }) ?? Effect.die("b was not started")
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(log, ["-b"])
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(applying)
      assert.deepStrictEqual(log, ["-b", "SIGKILL phc2sys-a", "-phc2sys-a", "SIGTERM ptp4l-a", "-ptp4l-a"])
    }))

  it.effect("makes the newest wish true when an apply is interrupted in the middle of a stop (L-02 two copies)", () =>
    Effect.gen(function*() {
      const { awaitState, living, log, manners, started, supervisor } = yield* make
      manners.set("a", "ignores")
      yield* supervisor.apply([spec("a"), spec("b")])
      yield* Queue.takeN(started, 2)
      const first = yield* Effect.forkChild(supervisor.apply([spec("b"), spec("c")]), { startImmediately: true })
      yield* awaitState("a", "Stopping")
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(first)
      const second = yield* Effect.forkChild(supervisor.apply([spec("a"), spec("b"), spec("d")]), {
        startImmediately: true
      })
      yield* TestClock.adjust("4 seconds")
      yield* Fiber.join(second)
      yield* Queue.takeN(started, 2)
      assert.deepStrictEqual([...living.values()].toSorted(), ["a", "b", "d"])
      assert.deepStrictEqual(log, ["+a", "+b", "SIGTERM a", "SIGKILL a", "-a", "+a", "+d"])
    }))

  it.effect("tries a program that is missing again, with back-off, and says so (L-09 applied in name only)", () =>
    Effect.gen(function*() {
      const { awaitState, failures, started, supervisor } = yield* make
      failures.set("a", "ProgramMissing")
      yield* supervisor.apply([spec("a")])
      const status = yield* awaitState("a", "BackOff")
      assert.include(status.lastExit ?? "", "ptp4l is not installed")
      failures.clear()
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Queue.take(started)).spec.id, "a")
    }))

  it.effect("waits for a device that another daemon uses, says who has it, and starts when it is free", () =>
    Effect.gen(function*() {
      const { awaitState, failures, log, started, supervisor } = yield* make
      failures.set("a", "DeviceClaimed")
      yield* supervisor.apply([spec("a")])
      yield* TestClock.adjust("1 minute")
      const status = yield* awaitState("a", "Starting")
      assert.deepStrictEqual(status.complaints, [{ kind: "DeviceClaimed", text: "scripted" }])
      assert.strictEqual(status.reason, "scripted")
      // It is nobody's mistake.
      assert.deepStrictEqual([status.deaths, status.restarts, status.configurationErrors], [0, 0, 0])
      failures.clear()
      yield* TestClock.adjust("1 second")
      ;(yield* Queue.take(started)).print("ready")
      assert.deepStrictEqual((yield* awaitState("a", "Running")).complaints, [])
      // And a wait can be ended at once.
      failures.set("b", "DeviceClaimed")
      yield* supervisor.apply([spec("a"), spec("b")])
      yield* TestClock.adjust("1 second")
      yield* supervisor.apply([spec("a")])
      assert.deepStrictEqual(log.filter((step) => step.startsWith("SIG")), [])
    }))

  it.effect("says after 30 s that a process is not ready, with its last line, and leaves it alone (L-14 waiting for ever)", () =>
    Effect.gen(function*() {
      const { awaitState, log, started, supervisor } = yield* make
      yield* supervisor.apply([ptp4l])
      const child = yield* Queue.take(started)
      child.print("port 1: INITIALIZING to FAULTY")
      yield* TestClock.adjust("30 seconds")
      const status = yield* supervisor.statuses.pipe(
        Stream.filter(([first]) => first !== undefined && first.complaints.length > 0),
        Stream.runHead
      )
      const [late] = Option.getOrThrow(status)
      assert.include(late?.complaints[0]?.text ?? "", "last line: port 1: INITIALIZING to FAULTY")
      child.print("ready")
      assert.deepStrictEqual((yield* awaitState("ptp4l-a", "Running")).complaints, [])
      assert.deepStrictEqual(log, ["+ptp4l-a"])
    }))

  it.effect("stops everything at the end, dependants first (L-10 deleted but running)", () =>
    Effect.gen(function*() {
      const { close, log, started, supervisor } = yield* make
      yield* supervisor.apply([ptp4l, phc2sys])
      ;(yield* Queue.take(started)).print("ready")
      yield* Queue.take(started)
      log.length = 0
      yield* close
      assert.deepStrictEqual(log, ["SIGTERM phc2sys-a", "-phc2sys-a", "SIGTERM ptp4l-a", "-ptp4l-a"])
    }))

  it.effect("gives the whole chain 5 s at the end, then kills every group", () =>
    Effect.gen(function*() {
      const { close, living, log, manners, started, supervisor } = yield* make
      manners.set("phc2sys-a", "ignores").set("ptp4l-a", "ignores")
      yield* supervisor.apply([ptp4l, phc2sys])
      ;(yield* Queue.take(started)).print("ready")
      yield* Queue.take(started)
      log.length = 0
      const closing = yield* Effect.forkChild(close, { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(closing)
      assert.strictEqual(living.size, 0)
      assert.include(log.join(), "SIGKILL ptp4l-a")
    }))

  it.effect("dies at the end naming the pid of a child that cannot be reaped", () =>
    Effect.gen(function*() {
      const { close, manners, started, supervisor } = yield* make
      manners.set("a", "stuck")
      yield* supervisor.apply([spec("a")])
      const { pid } = yield* Queue.take(started)
      const closing = yield* Effect.forkChild(Effect.exit(close), { startImmediately: true })
      yield* TestClock.adjust("10 seconds")
      const exit = yield* Fiber.join(closing)
      assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes(`pid ${pid}`))
    }))

  it.effect("hands on the lines of a child with its run", () =>
    Effect.gen(function*() {
      const { started, supervisor } = yield* make
      const subscribed = yield* Queue.unbounded<string>()
      yield* supervisor.output.pipe(
        Stream.runForEach((line) => Queue.offer(subscribed, `${line.spec.id}#${line.run} ${line.text}`)),
        Effect.forkScoped({ startImmediately: true })
      )
      yield* supervisor.apply([ptp4l])
      const first = yield* Queue.take(started)
      first.print("one")
      assert.strictEqual(yield* Queue.take(subscribed), "ptp4l-a#1 one")
      yield* first.die({ code: 0 })
      ;(yield* Queue.take(started)).print("two")
      assert.strictEqual(yield* Queue.take(subscribed), "ptp4l-a#2 two")
    }))

  it.effect("starts nothing beside a child that cannot be reaped, however often the wish changes (L-02 two copies)", () =>
    Effect.gen(function*() {
      const { awaitState, close, living, log, manners, started, supervisor } = yield* make
      manners.set("a", "stuck")
      yield* supervisor.apply([spec("a")])
      const stuck = yield* Queue.take(started)
      for (const option of ["-2", "-4", "-6"]) {
        const applying = yield* Effect.forkChild(supervisor.apply([spec("a", { argv: ["ptp4l", option] })]), {
          startImmediately: true
        })
        yield* awaitState("a", "Stopping")
        yield* TestClock.adjust("20 seconds")
        yield* Fiber.join(applying)
      }
      assert.deepStrictEqual(log, ["+a", "SIGTERM a", "SIGKILL a"])
      assert.strictEqual(complaintOf(yield* awaitState("a", "Stopping")), `pid ${stuck.pid} cannot be reaped`)
      const closing = yield* Effect.forkChild(Effect.exit(close), { startImmediately: true })
      yield* TestClock.adjust("10 seconds")
      const exit = yield* Fiber.join(closing)
      assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes(`pid ${stuck.pid}`))
      assert.deepStrictEqual([...living.keys()], [stuck.pid])
    }))

  it.effect("restarts a process although its dependant cannot be reaped", () =>
    Effect.gen(function*() {
      const { awaitState, manners, started, supervisor } = yield* make
      manners.set("phc2sys-a", "stuck")
      yield* supervisor.apply([ptp4l, phc2sys])
      const first = yield* Queue.take(started)
      first.print("ready")
      const stuck = yield* Queue.take(started)
      yield* first.die({ signal: "SIGKILL" })
      yield* awaitState("phc2sys-a", "Stopping")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Queue.take(started)).spec.id, "ptp4l-a")
      yield* stuck.die({ signal: "SIGKILL" })
    }))

  it.effect("stops a dependant first also when an earlier apply was interrupted while it stopped", () =>
    Effect.gen(function*() {
      const { awaitState, log, manners, started, supervisor } = yield* make
      yield* supervisor.apply([ptp4l, phc2sys])
      ;(yield* Queue.take(started)).print("ready")
      yield* Queue.take(started)
      manners.set("phc2sys-a", "ignores")
      log.length = 0
      const first = yield* Effect.forkChild(supervisor.apply([ptp4l]), { startImmediately: true })
      yield* awaitState("phc2sys-a", "Stopping")
      yield* Fiber.interrupt(first)
      const second = yield* Effect.forkChild(supervisor.apply([]), { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(second)
      assert.deepStrictEqual(log, [
        "SIGTERM phc2sys-a",
        "SIGKILL phc2sys-a",
        "-phc2sys-a",
        "SIGTERM ptp4l-a",
        "-ptp4l-a"
      ])
    }))

  it.effect("survives a defect in a start: it is told, and tried again", () =>
    Effect.gen(function*() {
      const { awaitState, defects, started, supervisor } = yield* make
      defects.add("a")
      yield* supervisor.apply([spec("a")])
      assert.include((yield* awaitState("a", "BackOff")).lastExit ?? "", "scripted defect")
      defects.clear()
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Queue.take(started)).spec.id, "a")
    }))

  it.effect("counts deaths in a row, and forgives them after 60 s of being ready", () =>
    Effect.gen(function*() {
      const { awaitState, started, supervisor } = yield* make
      yield* supervisor.apply([ptp4l])
      yield* (yield* Queue.take(started)).die({ code: 1 })
      const second = yield* Queue.take(started)
      second.print("ready")
      assert.strictEqual((yield* awaitState("ptp4l-a", "Running")).deaths, 1)
      yield* TestClock.adjust("60 seconds")
      const forgiven = yield* supervisor.statuses.pipe(
        Stream.filter(([status]) => status?.deaths === 0),
        Stream.runHead
      )
      assert.strictEqual(Option.getOrThrow(forgiven)[0]?.restarts, 1)
    }))
})
