/** The clock observer over the real supervisor: only its children are scripted. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Metric, Option, Queue, Random, Scope, Stream, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import * as FiberProcessSupervisor from "../../src/layers/processes/FiberProcessSupervisor.ts"
import * as InMemoryDeviceDiscovery from "../../src/layers/simulated/devices/InMemoryDeviceDiscovery.ts"
import * as NoManagementClient from "../../src/layers/simulated/linuxptp/NoManagementClient.ts"
import * as NodeState from "../../src/programs/NodeState.ts"
import * as ObserveClocks from "../../src/programs/ObserveClocks.ts"
import { becomesReady } from "../../src/services/linuxptp/Readiness.ts"
import { ProcessSupervisor } from "../../src/services/processes/ProcessSupervisor.ts"
import { Settings } from "../../src/services/Settings.ts"
import { makeScriptedRunner, type ScriptedChild, scriptedKnowledge, spec } from "../layers/processes/ScriptedRunner.ts"

const settings = Layer.succeed(Settings, {
  nodeName: "worker-1",
  namespace: "ptp",
  runDirectory: "/run/test",
  stateDirectory: "/var/lib/test",
  sysfsRoot: "/sys",
  metricsPort: 0,
  healthPort: 0,
  logLevel: "Error",
  logFormat: "json"
})

const make = Effect.gen(function*() {
  const runner = yield* makeScriptedRunner
  const scope = yield* Scope.make()
  yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
  const context = yield* Layer.buildWithScope(
    Layer.mergeAll(
      FiberProcessSupervisor.layer(scriptedKnowledge({ becomesReady })).pipe(Layer.provide(runner.layer)),
      NodeState.layer,
      InMemoryDeviceDiscovery.layer([]),
      NoManagementClient.layer,
      settings
    ),
    scope
  )
  yield* ObserveClocks.run.pipe(
    Effect.provide(context),
    Effect.provideService(Metric.MetricRegistry, new Map()),
    Effect.forkIn(scope)
  )
  const { clock } = Context.get(context, NodeState.NodeState)
  /** Waits for a state and its reason. */
  const until = (wanted: string) =>
    SubscriptionRef.changes(clock).pipe(
      Stream.filter((now) => `${now?.state} ${now?.reason}` === wanted),
      Stream.runHead,
      Effect.map(Option.getOrThrow)
    )
  return { ...runner, supervisor: Context.get(context, ProcessSupervisor), until }
})

const say = (child: ScriptedChild, ...messages: ReadonlyArray<string>) => {
  for (const message of messages) child.print(`${child.spec.program}[10.000]: ${message}`)
}

const locking = [
  "port 1 (ens1f0): INITIALIZING to LISTENING on INIT_COMPLETE",
  "port 1 (ens1f0): LISTENING to UNCALIBRATED on RS_SLAVE",
  "port 1 (ens1f0): UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED",
  "master offset         12 s2 freq     -55 path delay      2143"
]

const ptp4l = spec("ptp4l-a")
const phc2sys = spec("phc2sys-a", { program: "phc2sys", after: ["ptp4l-a"], interfaces: [] })
const realtime = "CLOCK_REALTIME phc offset        -8 s2 freq     -11 delay    270"
const shortestJitter = Effect.provideService(Random.Random, { nextIntUnsafe: () => 0, nextDoubleUnsafe: () => 0 })

describe("ObserveClocks over the supervisor", () => {
  it.effect("holds the lock over ptp4l's death and locks again with its next run (L-08 stale state)", () =>
    Effect.gen(function*() {
      const { started, supervisor, until } = yield* make
      yield* supervisor.apply([ptp4l, phc2sys])
      const first = yield* Queue.take(started)
      yield* until("FREERUN Listening")
      say(first, ...locking)
      say(yield* Queue.take(started), realtime)
      yield* until("LOCKED Locked")
      yield* first.die({ code: 255 })
      yield* until("HOLDOVER Holdover")
      yield* TestClock.adjust("5 seconds")
      const second = yield* Queue.take(started)
      yield* until("FREERUN Listening")
      say(second, ...locking)
      // phc2sys starts in the same moment in which ptp4l is ready again.
      yield* until("FREERUN Unlocked")
      say(yield* Queue.take(started), realtime)
      const clock = yield* until("LOCKED Locked")
      assert.deepStrictEqual(clock?.ports, [{ interface: "ens1f0", state: "SLAVE" }])
      yield* supervisor.apply([])
      yield* until("undefined undefined")
    }).pipe(shortestJitter))

  it.effect("holds the lock over a change of the configuration", () =>
    Effect.gen(function*() {
      const { started, supervisor, until } = yield* make
      yield* supervisor.apply([ptp4l])
      yield* until("FREERUN Listening")
      say(yield* Queue.take(started), ...locking)
      yield* until("LOCKED Locked")
      yield* supervisor.apply([spec("ptp4l-a", { argv: ["ptp4l", "-2"] })])
      const successor = yield* Queue.take(started)
      yield* until("HOLDOVER Holdover")
      say(successor, ...locking)
      yield* until("LOCKED Locked")
    }))

  it.effect("locks again when the very same process is stopped and comes back while its lock is held (L-08 stale state)", () =>
    Effect.gen(function*() {
      const { started, supervisor, until } = yield* make
      yield* supervisor.apply([ptp4l])
      yield* until("FREERUN Listening")
      say(yield* Queue.take(started), ...locking)
      yield* until("LOCKED Locked")
      yield* supervisor.apply([])
      yield* until("undefined undefined")
      // Plans are kept, so that it may be the same object.
      yield* supervisor.apply([ptp4l])
      say(yield* Queue.take(started), ...locking)
      yield* until("LOCKED Locked")
    }))
})
