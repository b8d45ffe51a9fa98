/** What the daemon learns from processes and from disk, through the reconciler: an in-memory node whose statuses the test sets. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Option, Queue, Stream, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { InMemoryInterfaces } from "../../src/layers/simulated/devices/InMemoryDeviceDiscovery.ts"
import * as KeepLastKnownGood from "../../src/programs/KeepLastKnownGood.ts"
import * as NodeState from "../../src/programs/NodeState.ts"
import * as ReconcileProfiles from "../../src/programs/ReconcileProfiles.ts"
import type { KubernetesObject } from "../../src/services/kubernetes/KubernetesObject.ts"
import { nodes } from "../../src/services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../../src/services/kubernetes/NodePTPCfg.ts"
import { ConfigurationCheck } from "../../src/services/processes/ConfigurationCheck.ts"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import { newProcessStatus, type ProcessStatus } from "../../src/services/processes/ProcessSupervisor.ts"
import { type KnownGood, LastKnownGood, LastKnownGoodError } from "../../src/services/profiles/LastKnownGood.ts"
import { nic } from "../services/status/PublishedNode.ts"
import { makeInMemoryNode } from "./InMemoryNode.ts"

const config = (profile: Readonly<Record<string, string>>, generation = 1): KubernetesObject => ({
  metadata: { name: "config1", namespace: "ptp", uid: "uid-1", generation },
  spec: {
    profile: [{ name: "profile1", ...profile }],
    recommend: [{ profile: "profile1", priority: 4, match: [{ nodeLabel: "ptp=yes" }] }]
  }
})
const ptp4lConfig = (ptp4lOpts: string, generation = 1) => config({ interface: "ens1f0", ptp4lOpts }, generation)
const withItsNic = () => [{ ...nic(0), name: "ens1f0" }]
const worker = { metadata: { name: "worker-1", labels: { ptp: "yes" } } }

interface World {
  /** What is on the disk at the start. */
  readonly stored?: KnownGood | undefined
  /** Until the disk answers at the start. */
  readonly loadTakes?: Duration.Input
  /** What timemaster and its like refuse. */
  readonly refuses?: (spec: ProcessSpec) => boolean
  /** About which of them they never answer. */
  readonly hangs?: (spec: ProcessSpec) => boolean
  /** Failures that the next saves meet. */
  readonly fullDisk?: number
}

/** A daemon that reconciles and keeps what worked. */
const make = Effect.fnUntraced(
  function*(
    { fullDisk = 0, hangs = () => false, loadTakes, refuses = () => false, stored }: World = {}
  ) {
    const node = yield* makeInMemoryNode
    const saved = yield* Queue.unbounded<KnownGood>()
    const checked = yield* Queue.unbounded<ProcessSpec>()
    const asked = yield* Queue.unbounded<undefined>()
    let failures = fullDisk
    const context = yield* Layer.build(Layer.mergeAll(
      node.layer,
      Layer.succeed(LastKnownGood, {
        load: Queue.offer(asked, undefined).pipe(
          Effect.andThen(loadTakes === undefined ? Effect.void : Effect.sleep(loadTakes)),
          Effect.as(Option.fromUndefinedOr(stored))
        ),
        save: (knownGood) =>
          Effect.suspend(() =>
            failures-- > 0
              ? Effect.fail(new LastKnownGoodError({ path: "/state", detail: "ENOSPC" }))
              : Effect.asVoid(Queue.offer(saved, knownGood))
          )
      }),
      Layer.succeed(ConfigurationCheck, {
        refusal: (spec) =>
          Queue.offer(checked, spec).pipe(
            Effect.andThen(hangs(spec) ? Effect.never : Effect.void),
            Effect.as(refuses(spec) ? Option.some("unknown section x") : Option.none())
          )
      })
    ))
    const part = (effect: typeof ReconcileProfiles.run | typeof KeepLastKnownGood.run) =>
      Effect.forkScoped(Effect.provideContext(effect, context))
    yield* part(ReconcileProfiles.run)
    yield* part(KeepLastKnownGood.run)
    yield* Queue.take(asked)
    yield* Effect.yieldNow
    const { reconciliation } = Context.get(context, NodeState.NodeState)
    const tell = (specs: ReadonlyArray<ProcessSpec>, change: Partial<ProcessStatus>) =>
      SubscriptionRef.set(node.statuses, specs.map((spec) => ({ ...newProcessStatus(spec), ...change })))
    const stateWhere = (holds: (state: NodeState.Reconciliation) => boolean) =>
      SubscriptionRef.changes(reconciliation).pipe(Stream.filter(holds), Stream.runHead, Effect.map(Option.getOrThrow))
    return {
      ...node,
      saved,
      checked,
      stateWhere,
      update: Context.get(context, InMemoryInterfaces).update,
      work: (specs: ReadonlyArray<ProcessSpec>) => tell(specs, { state: "Running", wasReady: true }),
      /** Three times, by its text or by something else. */
      fail: (specs: ReadonlyArray<ProcessSpec>, configurationErrors = 3) =>
        tell(specs, { state: "BackOff", deaths: 3, configurationErrors, lastExit: "exit code 255: no interface" })
    }
  }
)

const argvOf = (specs: ReadonlyArray<ProcessSpec>) => specs.map(({ argv }) => argv.slice(0, 2).join(" "))

/** What a daemon of this node has kept that ran `-2`. */
const kept = Effect.gen(function*() {
  const { applied, saved, set, work } = yield* make()
  yield* set(nodes, [worker])
  yield* set(nodePTPCfgs, [ptp4lConfig("-2")])
  yield* work(yield* Queue.take(applied))
  return yield* Queue.take(saved)
})

describe("the last configuration that worked", () => {
  it.effect("is kept when every process of it is ready, and not before", () =>
    Effect.gen(function*() {
      const { applied, saved, set, stateWhere, work } = yield* make()
      yield* set(nodes, [worker])
      yield* set(nodePTPCfgs, [ptp4lConfig("-2")])
      const specs = yield* Queue.take(applied)
      assert.isTrue(Option.isNone((yield* stateWhere(({ decision }) => Option.isSome(decision))).knownGood))
      yield* work(specs)
      const { memory, node } = yield* Queue.take(saved)
      assert.deepStrictEqual(node, { name: "worker-1", labels: { ptp: "yes" } })
      assert.deepStrictEqual(memory.worked.map(({ profile }) => profile.ptp4lOpts), ["-2"])
    }))

  it.effect("is run before the API server has answered, and touched only where its word differs", () =>
    Effect.gen(function*() {
      const { applied, set, stateWhere } = yield* make({ stored: yield* kept })
      const booted = yield* Queue.take(applied)
      assert.deepStrictEqual(argvOf(booted), ["ptp4l -2"])
      yield* stateWhere(({ isFromDisk }) => isFromDisk)
      // Half of the API's word is not enough: with an empty configuration and the Node from disk nothing would run.
      yield* set(nodes, [{ metadata: { name: "worker-1", labels: {} } }])
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* Queue.size(applied), 0)
      yield* set(nodes, [worker])
      yield* set(nodePTPCfgs, [ptp4lConfig("-2")])
      yield* stateWhere(({ isFromDisk }) => !isFromDisk)
      assert.strictEqual(yield* Queue.size(applied), 0)
      yield* set(nodePTPCfgs, [ptp4lConfig("-4", 2)])
      assert.deepStrictEqual(argvOf(yield* Queue.take(applied)), ["ptp4l -4"])
    }))

  it.effect.each<Duration.Input>(["1200 millis", "60 seconds", "1 hour"])(
    "is run when the disk answers after %s, and the API server has not answered by then",
    (loadTakes) =>
      Effect.gen(function*() {
        const { applied, stateWhere } = yield* make({ stored: yield* kept, loadTakes })
        yield* TestClock.adjust(Duration.subtract(Duration.fromInputUnsafe(loadTakes), Duration.millis(1)))
        assert.strictEqual(yield* Queue.size(applied), 0)
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(argvOf(yield* Queue.take(applied)), ["ptp4l -2"])
        yield* stateWhere(({ isFromDisk }) => isFromDisk)
      })
  )

  it.effect("is not waited for longer than 1 s once the API server has answered, and changes nothing then", () =>
    Effect.gen(function*() {
      const { applied, set, stateWhere } = yield* make({ stored: yield* kept, loadTakes: "60 seconds" })
      yield* set(nodes, [worker])
      yield* set(nodePTPCfgs, [ptp4lConfig("-4", 2)])
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(yield* Queue.size(applied), 0)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(argvOf(yield* Queue.take(applied)), ["ptp4l -4"])
      yield* TestClock.adjust("2 minutes")
      yield* stateWhere(({ isFromDisk }) => !isFromDisk)
      assert.strictEqual(yield* Queue.size(applied), 0)
    }))

  it.effect("ends when the API server says that nothing is to run, and that is kept too", () =>
    Effect.gen(function*() {
      const { applied, saved, set } = yield* make({ stored: yield* kept })
      yield* Queue.take(applied)
      yield* set(nodes, [worker])
      yield* set(nodePTPCfgs, [])
      assert.deepStrictEqual(yield* Queue.take(applied), [])
      assert.deepStrictEqual((yield* Queue.take(saved)).memory.objects, [])
    }))

  it.effect("is not run when another node left it on this disk", () =>
    Effect.gen(function*() {
      const stored = yield* kept
      const { applied, set } = yield* make({ stored: { ...stored, node: { ...stored.node, name: "worker-2" } } })
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* Queue.size(applied), 0)
      yield* set(nodes, [worker])
      yield* set(nodePTPCfgs, [])
      assert.deepStrictEqual(yield* Queue.take(applied), [])
    }))

  it.effect("stands in for an object that can't be read when the daemon starts", () =>
    Effect.gen(function*() {
      const { applied, set, stateWhere } = yield* make({ stored: yield* kept })
      const booted = yield* Queue.take(applied)
      yield* set(nodes, [worker])
      yield* set(nodePTPCfgs, [{ ...ptp4lConfig("-2", 2), spec: { profile: "oops" } }])
      const { decision } = yield* stateWhere(({ isFromDisk }) => !isFromDisk)
      assert.deepStrictEqual(Option.getOrThrow(decision).processes, booted)
    }))

  it.effect("is saved once a minute again while the disk is full", () =>
    Effect.gen(function*() {
      const { applied, saved, set, work } = yield* make({ fullDisk: 2 })
      yield* set(nodes, [worker])
      yield* set(nodePTPCfgs, [ptp4lConfig("-2")])
      yield* work(yield* Queue.take(applied))
      const minutes = yield* TestClock.adjust("1 minute").pipe(
        Effect.andThen(Queue.size(saved)),
        Effect.repeat({ until: (size) => size > 0 })
      )
      assert.strictEqual(minutes, 1)
    }))
})

describe("a version that does not start", () => {
  it.effect("is rolled back by the reconciler, and stays so over a restart of the daemon", () =>
    Effect.gen(function*() {
      const { applied, fail, saved, set, stateWhere, update, work } = yield* make()
      yield* update(withItsNic)
      yield* set(nodes, [worker])
      yield* set(nodePTPCfgs, [ptp4lConfig("-2")])
      yield* work(yield* Queue.take(applied))
      yield* Queue.take(saved)
      yield* set(nodePTPCfgs, [ptp4lConfig("-4", 2)])
      yield* fail(yield* Queue.take(applied))
      const back = yield* Queue.take(applied)
      assert.deepStrictEqual(argvOf(back), ["ptp4l -2"])
      const { decision } = yield* stateWhere(({ decision }) =>
        Option.exists(decision, ({ rolledBack }) => rolledBack.length > 0)
      )
      assert.include(Option.getOrThrow(decision).rolledBack[0]?.message ?? "", "exit code 255: no interface")
      yield* work(back)
      const next = yield* make({ stored: yield* Queue.take(saved) })
      yield* next.update(withItsNic)
      assert.deepStrictEqual(argvOf(yield* Queue.take(next.applied)), ["ptp4l -2"])
      yield* next.set(nodes, [worker])
      yield* next.set(nodePTPCfgs, [ptp4lConfig("-4", 2)])
      yield* next.stateWhere(({ decision, isFromDisk }) =>
        !isFromDisk && Option.exists(decision, ({ rolledBack }) => rolledBack.length > 0)
      )
      assert.strictEqual(yield* Queue.size(next.applied), 0)
    }))

  it.effect("is tried again when a NIC that it names comes", () =>
    Effect.gen(function*() {
      const { applied, fail, set, update, work } = yield* make()
      yield* set(nodes, [worker])
      yield* set(nodePTPCfgs, [ptp4lConfig("-2")])
      yield* work(yield* Queue.take(applied))
      yield* set(nodePTPCfgs, [config({ interface: "ens9f0", ptp4lOpts: "-2" }, 2)])
      yield* fail(yield* Queue.take(applied), 0)
      yield* Queue.take(applied)
      yield* update(() => [{ ...nic(0), name: "ens9f0" }])
      assert.deepStrictEqual((yield* Queue.take(applied))[0]?.interfaces, ["ens9f0"])
    }))
})

describe("a configuration that its own program refuses", () => {
  it.effect("stops nothing that runs, and is asked about once", () =>
    Effect.gen(function*() {
      const { applied, checked, set, stateWhere } = yield* make({ refuses: ({ argv }) => argv.includes("-4") })
      yield* set(nodes, [worker])
      yield* set(nodePTPCfgs, [ptp4lConfig("-2")])
      yield* Queue.take(applied)
      yield* set(nodePTPCfgs, [ptp4lConfig("-4", 2)])
      const { decision } = yield* stateWhere(({ decision }) =>
        Option.exists(decision, ({ problems }) => problems.some(({ severity }) => severity === "error"))
      )
      assert.include(
        JSON.stringify(Option.getOrThrow(decision).problems),
        "refused by its own program: unknown section x"
      )
      yield* set(nodes, [{ metadata: { name: "worker-1", labels: { ptp: "yes", rack: "7" } } }])
      yield* set(nodePTPCfgs, [ptp4lConfig("-6", 3)])
      assert.deepStrictEqual(argvOf(yield* Queue.take(applied)), ["ptp4l -6"])
      assert.deepStrictEqual(argvOf(yield* Queue.takeAll(checked)), ["ptp4l -2", "ptp4l -4", "ptp4l -6"])
    }))
})

describe("a program that does not answer", () => {
  it.effect("keeps nothing from being learned, and an edit from nothing", () =>
    Effect.gen(function*() {
      const { applied, checked, saved, set, stateWhere, work } = yield* make({
        hangs: ({ argv }) => argv.includes("-4")
      })
      yield* set(nodes, [worker])
      yield* set(nodePTPCfgs, [ptp4lConfig("-2")])
      const specs = yield* Queue.take(applied)
      yield* set(nodePTPCfgs, [ptp4lConfig("-4", 2)])
      assert.deepStrictEqual(argvOf(yield* Queue.takeN(checked, 2)), ["ptp4l -2", "ptp4l -4"])
      yield* work(specs)
      assert.deepStrictEqual((yield* Queue.take(saved)).memory.worked.map(({ profile }) => profile.ptp4lOpts), ["-2"])
      const { decidingSince } = yield* stateWhere(({ decidingSince }) => decidingSince !== undefined)
      assert.isDefined(decidingSince)
      assert.strictEqual(yield* Queue.size(applied), 0)
      yield* set(nodePTPCfgs, [ptp4lConfig("-6", 3)])
      assert.deepStrictEqual(argvOf(yield* Queue.take(applied)), ["ptp4l -6"])
      yield* stateWhere(({ decidingSince }) => decidingSince === undefined)
    }))
})

describe("a configuration of which every version is refused", () => {
  it.effect("is asked about once for each", () =>
    Effect.gen(function*() {
      const { applied, checked, set, stateWhere } = yield* make({ refuses: () => true })
      yield* set(nodes, [{ metadata: { name: "worker-1", labels: {} } }])
      yield* set(nodePTPCfgs, [ptp4lConfig("-2")])
      assert.deepStrictEqual(yield* Queue.take(applied), [])
      // The edit that makes it this node's: what was valid before was never asked about.
      const spec = {
        profile: [{ name: "profile1", interface: "ens1f0", ptp4lOpts: "-4" }],
        recommend: [{ profile: "profile1", priority: 4, match: [{ nodeName: "worker-1" }] }]
      }
      yield* set(nodePTPCfgs, [{ ...ptp4lConfig("-4", 2), spec }])
      yield* stateWhere(({ decision }) => Option.exists(decision, ({ problems }) => problems.length > 0))
      assert.deepStrictEqual(argvOf(yield* Queue.takeAll(checked)), ["ptp4l -4", "ptp4l -2"])
    }))
})

describe("linuxptp that changes while the daemon runs", () => {
  it.effect("is told as missing when it is removed, and what runs goes on", () =>
    Effect.gen(function*() {
      const { applied, linuxptp, set, stateWhere } = yield* make()
      yield* set(nodes, [worker])
      yield* set(nodePTPCfgs, [ptp4lConfig("-2")])
      yield* Queue.take(applied)
      yield* SubscriptionRef.set(linuxptp, Option.none())
      yield* TestClock.adjust("10 seconds")
      yield* stateWhere(({ linuxptpMissing }) => linuxptpMissing)
      yield* SubscriptionRef.set(linuxptp, Option.some({ major: 4, minor: 4, patch: 0 }))
      yield* TestClock.adjust("5 seconds")
      yield* stateWhere(({ linuxptpMissing }) => !linuxptpMissing)
      assert.strictEqual(yield* Queue.size(applied), 0)
    }))

  it.effect("is planned for within 10 s when it is another version", () =>
    Effect.gen(function*() {
      const { applied, linuxptp, set } = yield* make()
      yield* set(nodes, [worker])
      yield* set(nodePTPCfgs, [ptp4lConfig("-2")])
      const before = yield* Queue.take(applied)
      yield* SubscriptionRef.set(linuxptp, Option.some({ major: 3, minor: 1, patch: 0 }))
      yield* TestClock.adjust("10 seconds")
      const after = yield* Queue.take(applied)
      assert.deepStrictEqual(after.map(({ id }) => id), before.map(({ id }) => id))
      assert.notDeepEqual(after, before)
    }))
})

describe("a NIC that comes", () => {
  it.effect("ends the back-off of what uses it, once", () =>
    Effect.gen(function*() {
      const { retried, update } = yield* make()
      yield* update(() => [nic(0)])
      assert.deepStrictEqual(yield* Queue.take(retried), [nic(0).name])
      yield* update(() => [{ ...nic(0), linkUp: false }, nic(1)])
      assert.deepStrictEqual(yield* Queue.take(retried), [nic(1).name])
      assert.strictEqual(yield* Queue.size(retried), 0)
    }))
})

describe("a PTP hardware clock that was re-plugged", () => {
  it.effect("starts phc2sys anew, once, and leaves ptp4l alone", () =>
    Effect.gen(function*() {
      const { applied, set, update } = yield* make()
      const ens1f0 = { ...nic(0), name: "ens1f0" }
      yield* update(() => [ens1f0])
      yield* set(nodes, [worker])
      yield* set(nodePTPCfgs, [config({ interface: "ens1f0", ptp4lOpts: "-2", phc2sysOpts: "-a -r" })])
      const before = yield* Queue.take(applied)
      yield* update(() => [])
      yield* update(() => [{ ...ens1f0, phcIndex: 3 }])
      const after = yield* Queue.take(applied)
      assert.deepStrictEqual(after.map(({ phcReplacements, program }) => [program, phcReplacements]), [
        ["phc2sys", 1],
        ["ptp4l", undefined]
      ])
      assert.deepStrictEqual(
        after.find(({ program }) => program === "ptp4l"),
        before.find(({ program }) => program === "ptp4l")
      )
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Queue.size(applied), 0)
    }))
})
