/** What went wrong between a dying child, a stop and a new configuration elsewhere, through the whole daemon. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as FiberProcessSupervisor from "../../src/layers/processes/FiberProcessSupervisor.ts"
import * as ReconcileProfiles from "../../src/programs/ReconcileProfiles.ts"
import { nodes } from "../../src/services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../../src/services/kubernetes/NodePTPCfg.ts"
import { ProcessSupervisor } from "../../src/services/processes/ProcessSupervisor.ts"
import { makeScriptedRunner, scriptedKnowledge, spec } from "../layers/processes/ScriptedRunner.ts"
import { makeInMemoryNode, ptp4lConfig } from "../programs/InMemoryNode.ts"

const makeSupervisor = Effect.gen(function*() {
  const runner = yield* makeScriptedRunner
  const context = yield* Layer.build(
    FiberProcessSupervisor.layer(scriptedKnowledge()).pipe(Layer.provide(runner.layer))
  )
  // Virtual time stands still at the end: whoever is left has to obey at once.
  yield* Effect.addFinalizer(() => Effect.sync(() => runner.manners.clear()))
  return { ...runner, supervisor: Context.get(context, ProcessSupervisor) }
})

/** A daemon whose one ptp4l runs. */
const running = Effect.gen(function*() {
  const runner = yield* makeSupervisor
  const node = yield* makeInMemoryNode
  const context = Context.add(yield* Layer.build(node.layer), ProcessSupervisor, runner.supervisor)
  yield* Effect.forkScoped(Effect.provideContext(ReconcileProfiles.run, context))
  yield* node.set(nodes, [{ metadata: { name: "worker-1", labels: {} } }])
  yield* node.set(nodePTPCfgs, [ptp4lConfig("-2")])
  const child = yield* Queue.take(runner.started)
  child.print("ready")
  return { ...runner, child, id: child.spec.id, edit: node.set(nodePTPCfgs, [ptp4lConfig("-4")]) }
})

type Running = Effect.Success<typeof running>

/** The most children of one id that lived at one time. */
const mostAlive = (log: ReadonlyArray<string>): number => {
  let alive = 0
  let most = 0
  for (const entry of log) {
    if (entry.startsWith("+")) most = Math.max(most, ++alive)
    if (entry.startsWith("-")) alive -= 1
  }
  return most
}

const crash = { code: 1 }

/** Each makes the child die by itself around the edit that replaces it. */
const moments: ReadonlyArray<readonly [string, (daemon: Running) => Effect.Effect<unknown>]> = [
  ["before the edit", ({ child, edit }) => Effect.andThen(child.die(crash), edit)],
  ["with the edit", ({ child, edit }) => Effect.all([edit, child.die(crash)], { concurrency: 2 })],
  ["after SIGTERM, which it ignored", ({ child, edit, id, log, manners }) =>
    Effect.gen(function*() {
      manners.set(id, "ignores")
      yield* edit
      while (!log.includes(`SIGTERM ${id}`)) yield* Effect.yieldNow
      yield* child.die(crash)
    })],
  ["again and again, in back-off by the time of the edit", ({ child, edit, started }) =>
    Effect.gen(function*() {
      yield* child.die(crash)
      yield* (yield* Queue.take(started)).die(crash)
      yield* edit
    })]
]

describe("a child that dies by itself", () => {
  it.effect.each(moments)(
    "%s has one successor, which has the new options (L-02 two copies)",
    ([, dies]) =>
      Effect.gen(function*() {
        const daemon = yield* running
        yield* dies(daemon)
        while (![...daemon.living.keys()].some((pid) => pid > daemon.child.pid)) {
          yield* TestClock.adjust("100 millis")
        }
        let newest = yield* Queue.take(daemon.started)
        while (!newest.spec.argv.includes("-4")) newest = yield* Queue.take(daemon.started)
        assert.deepStrictEqual([...daemon.living.keys()], [newest.pid])
        assert.strictEqual(mostAlive(daemon.log), 1)
      })
  )
})

describe("a stop", () => {
  it.effect("of a child that ignores SIGTERM holds a new configuration up for 5 s, not for ever (L-03 hanging stop)", () =>
    Effect.gen(function*() {
      const { edit, id, log, manners, started } = yield* running
      manners.set(id, "ignores")
      yield* edit
      while (!log.includes(`SIGTERM ${id}`)) yield* Effect.yieldNow
      yield* TestClock.adjust("4999 millis")
      assert.strictEqual(yield* Queue.size(started), 0)
      yield* TestClock.adjust("1 millis")
      assert.include((yield* Queue.take(started)).spec.argv, "-4")
    }))

  it.effect("can be asked for by who reads the output, because of what it read (L-04 stop by a reader)", () =>
    Effect.gen(function*() {
      const { living, started, supervisor } = yield* makeSupervisor
      const reader = yield* supervisor.output.pipe(
        Stream.filter(({ text }) => text === "stop me"),
        Stream.take(1),
        Stream.runForEach(() => supervisor.apply([])),
        Effect.forkChild({ startImmediately: true })
      )
      yield* supervisor.apply([spec("a")])
      const child = yield* Queue.take(started)
      while (living.size > 0) {
        child.print("stop me")
        yield* Effect.yieldNow
      }
      yield* Fiber.join(reader)
    }))

  it.effect("does not wait for a reader that has stopped reading (L-04 stop by a reader)", () =>
    Effect.gen(function*() {
      const { living, started, supervisor } = yield* makeSupervisor
      yield* supervisor.output.pipe(
        Stream.runForEach(() => Effect.never),
        Effect.forkScoped({ startImmediately: true })
      )
      yield* supervisor.apply([spec("a")])
      const child = yield* Queue.take(started)
      for (let line = 0; line < 50_000; line++) child.print("offset")
      yield* supervisor.apply([])
      assert.strictEqual(living.size, 0)
    }))
})
