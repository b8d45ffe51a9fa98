import { assert, describe, it } from "@effect/vitest"
import {
  Effect,
  Fiber,
  Layer,
  Logger,
  Metric,
  Option,
  Queue,
  References,
  type Scope,
  Stream,
  SubscriptionRef
} from "effect"
import { PrometheusMetrics } from "effect/observability"
import { TestClock } from "effect/testing"
import * as InMemoryDeviceDiscovery from "../../src/layers/simulated/devices/InMemoryDeviceDiscovery.ts"
import * as NodeState from "../../src/programs/NodeState.ts"
import * as ObserveClocks from "../../src/programs/ObserveClocks.ts"
import type { NodeClock } from "../../src/services/clocks/NodeClock.ts"
import { ManagementClient } from "../../src/services/linuxptp/ManagementClient.ts"
import {
  type ProcessLine,
  type ProcessStatus,
  ProcessSupervisor
} from "../../src/services/processes/ProcessSupervisor.ts"
import { Settings } from "../../src/services/Settings.ts"
import { saidBy, specOf, statusOf } from "../services/clocks/ProcessLog.ts"

const settings = Layer.succeed(Settings, {
  nodeName: "worker-1",
  namespace: "ptp",
  runDirectory: "/run/test",
  stateDirectory: "/var/lib/test",
  sysfsRoot: "/sys",
  metricsPort: 0,
  healthPort: 0,
  logLevel: "Info",
  logFormat: "json"
})

const ptp4l = specOf("ptp4l")

const locking = [
  "port 1: INITIALIZING to LISTENING on INIT_COMPLETE",
  "selected best master clock 62bd56.fffe.1c046d",
  "port 1: LISTENING to UNCALIBRATED on RS_SLAVE",
  "port 1: UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED",
  "master offset         12 s2 freq     -55 path delay      2143"
]

/** A supervisor whose statuses and output the test writes, and the observer running on it. */
const start = Effect.gen(function*() {
  const statuses = yield* SubscriptionRef.make<ReadonlyArray<ProcessStatus>>([])
  const lines = yield* Queue.unbounded<ProcessLine>()
  const logged: Array<string> = []
  const logger = Logger.make(({ fiber, message }) => {
    const { previous, reason, state } = fiber.getRef(References.CurrentLogAnnotations)
    logged.push(
      `${String(message)}: ${state === undefined ? String(reason) : `${String(previous)} to ${String(state)}`}`
    )
  })
  const { clock } = yield* NodeState.NodeState
  const observer = yield* ObserveClocks.run.pipe(
    Effect.provideService(ProcessSupervisor, {
      apply: () => Effect.void,
      stop: Effect.void,
      retryNow: () => Effect.void,
      statuses: SubscriptionRef.changes(statuses),
      output: Stream.fromQueue(lines)
    }),
    Effect.provide(Logger.layer([logger])),
    Effect.forkScoped
  )
  const say = (...messages: ReadonlyArray<string>) =>
    Queue.offerAll(lines, messages.map((message) => saidBy(ptp4l, message)))
  const until = (holds: (clock: NodeClock | undefined) => boolean) =>
    SubscriptionRef.changes(clock).pipe(Stream.filter(holds), Stream.runHead, Effect.map(Option.getOrThrow))
  return { statuses, say, until, logged, observer }
})

/** Every ptp4l that is asked has a grandmaster with a reference. */
const management = Layer.succeed(ManagementClient, {
  isAvailable: true,
  ask: () => Effect.succeedSome({ ports: [], clockClass: 6 }),
  isReachable: () => Effect.succeed(true),
  follow: (_, tell) =>
    Effect.andThen(
      Effect.sync(() => tell({ kind: "told", heardAt: 0n, answer: { ports: [], clockClass: 6 } })),
      Effect.never
    )
})

const layers = Layer.mergeAll(NodeState.layer, settings, InMemoryDeviceDiscovery.layer([]), management)

/** Runs with a metric registry of its own. */
const run = <A, E>(test: Effect.Effect<A, E, Layer.Success<typeof layers> | Scope.Scope>) =>
  test.pipe(Effect.provide(layers), Effect.provideService(Metric.MetricRegistry, new Map()))

describe("ObserveClocks", () => {
  it.effect("publishes a lock, and its holdover's end when its time has come", () =>
    run(Effect.gen(function*() {
      const { logged, say, statuses, until } = yield* start
      yield* SubscriptionRef.set(statuses, [statusOf(ptp4l)])
      assert.strictEqual((yield* until((clock) => clock !== undefined))?.reason, "Listening")
      yield* TestClock.adjust("3 seconds")
      yield* say(...locking)
      assert.deepStrictEqual(yield* until((clock) => clock?.state === "LOCKED"), {
        state: "LOCKED",
        reason: "Locked",
        grandmaster: "62bd56.fffe.1c046d",
        ports: [{ interface: "ens1f0", state: "SLAVE" }],
        alarms: [],
        sinceMillis: 3000
      })
      yield* say("port 1: SLAVE to LISTENING on ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES")
      yield* until((clock) => clock?.state === "HOLDOVER")
      yield* TestClock.adjust("5 seconds")
      const free = yield* until((clock) => clock?.state === "FREERUN")
      assert.strictEqual(free?.sinceMillis, 8000)
      yield* SubscriptionRef.set(statuses, [])
      yield* until((clock) => clock === undefined)
      assert.deepStrictEqual(logged, [
        "clock state changed: undefined to FREERUN",
        "clock state changed: FREERUN to LOCKED",
        "clock state changed: LOCKED to HOLDOVER",
        "clock state changed: HOLDOVER to FREERUN"
      ])
    })))

  it.effect("tells of an alarm once, however often its reason comes", () =>
    run(Effect.gen(function*() {
      const { logged, say, statuses, until } = yield* start
      yield* SubscriptionRef.set(statuses, [statusOf(ptp4l)])
      yield* until((clock) => clock !== undefined)
      for (let times = 0; times < 5; times++) yield* say("port 1: LISTENING to FAULTY on FAULT_DETECTED")
      yield* until((clock) => clock?.alarms.length === 1)
      yield* say(...locking)
      yield* until((clock) => clock?.state === "LOCKED")
      yield* SubscriptionRef.set(statuses, [])
      yield* until((clock) => clock === undefined)
      assert.deepStrictEqual(logged, [
        "clock state changed: undefined to FREERUN",
        "clock alarm: PortFaulty",
        "clock state changed: FREERUN to LOCKED"
      ])
    })))

  it.effect("shows the metrics of what runs, and none of what is gone (L-23 stale series)", () =>
    run(Effect.gen(function*() {
      const { observer, say, statuses, until } = yield* start
      yield* SubscriptionRef.set(statuses, [statusOf(ptp4l)])
      yield* say(...locking)
      yield* until((clock) => clock?.state === "LOCKED")
      const config = `config="${ptp4l.id}.config"`
      assert.deepStrictEqual((yield* PrometheusMetrics.format()).split("\n").filter((line) => !line.startsWith("#")), [
        `openshift_ptp_process_status{process="ptp4l",node="worker-1",${config}} 1`,
        `openshift_ptp_process_restart_count{process="ptp4l",node="worker-1",${config}} 1`,
        `openshift_ptp_interface_role{process="ptp4l",node="worker-1",iface="ens1f0"} 1`,
        `openshift_ptp_clock_state{process="ptp4l",node="worker-1",iface="ens1f0"} 1`,
        `openshift_ptp_offset_ns{from="master",process="ptp4l",node="worker-1",iface="ens1f0"} 12`,
        `openshift_ptp_max_offset_ns{from="master",process="ptp4l",node="worker-1",iface="ens1f0"} 12`,
        `openshift_ptp_frequency_adjustment_ns{from="master",process="ptp4l",node="worker-1",iface="ens1f0"} -55`,
        `openshift_ptp_delay_ns{from="master",process="ptp4l",node="worker-1",iface="ens1f0"} 2143`,
        ""
      ])
      yield* Fiber.interrupt(observer)
      assert.strictEqual(yield* PrometheusMetrics.format(), "")
    })))

  it.effect("shows the clock class of the grandmaster of each ptp4l that can be asked", () =>
    run(Effect.gen(function*() {
      const { statuses, until } = yield* start
      const asked = { ...ptp4l, management: { path: "/run/ptp4l", domainNumber: 24, transportSpecific: 0 } }
      const classes = Effect.map(
        PrometheusMetrics.format(),
        (text) => text.split("\n").filter((line) => line.startsWith("openshift_ptp_clock_class"))
      )
      yield* SubscriptionRef.set(statuses, [statusOf(asked)])
      yield* until((clock) => clock !== undefined)
      const shown = yield* Effect.yieldNow.pipe(
        Effect.andThen(classes),
        Effect.repeat({ until: (lines) => lines.length > 0 })
      )
      assert.deepStrictEqual(shown, [
        `openshift_ptp_clock_class{process="ptp4l",node="worker-1",config="${ptp4l.id}.config"} 6`
      ])
      yield* SubscriptionRef.set(statuses, [])
      yield* until((clock) => clock === undefined)
      assert.deepStrictEqual(yield* classes, [])
    })))
})
