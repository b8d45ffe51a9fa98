import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Queue, Stream, SubscriptionRef, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { InMemoryInterfaces } from "../../src/layers/simulated/devices/InMemoryDeviceDiscovery.ts"
import * as NodeState from "../../src/programs/NodeState.ts"
import * as ReconcileProfiles from "../../src/programs/ReconcileProfiles.ts"
import type { NetworkInterface } from "../../src/services/devices/PtpDevice.ts"
import { KubernetesApi } from "../../src/services/kubernetes/KubernetesApi.ts"
import { nodes } from "../../src/services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../../src/services/kubernetes/NodePTPCfg.ts"
import { ProcessSupervisor } from "../../src/services/processes/ProcessSupervisor.ts"
import { mistakesOf } from "../../src/services/profiles/Decision.ts"
import { makeInMemoryNode, ptp4lConfig } from "./InMemoryNode.ts"

const make = Effect.gen(function*() {
  const node = yield* makeInMemoryNode
  const context = yield* Layer.build(node.layer)
  yield* Effect.forkScoped(Effect.provideContext(ReconcileProfiles.run, context))
  const { reconciliation } = yield* Effect.provideContext(NodeState.NodeState, context)
  const awaitReconciliation = (holds: (now: NodeState.Reconciliation) => boolean) =>
    SubscriptionRef.changes(reconciliation).pipe(Stream.filter(holds), Stream.runHead, Effect.map(Option.getOrThrow))
  return { ...node, awaitReconciliation }
})

const nic: NetworkInterface = {
  name: "ens1f0",
  kind: "physical",
  linkUp: true,
  driver: undefined,
  pciAddress: undefined,
  phcIndex: undefined,
  hardwareTimestamping: true,
  softwareTimestamping: true,
  notCapable: undefined
}

const loopback: NetworkInterface = { ...nic, name: "lo", kind: "loopback", notCapable: "it has no clock" }

/** Waits for a decision with so many problems: one while the profile's NIC is missing. */
const awaitProblems = Effect.fnUntraced(function*(count: number) {
  const { reconciliation } = yield* NodeState.NodeState
  yield* SubscriptionRef.changes(reconciliation).pipe(
    Stream.filter(({ decision }) => Option.exists(decision, ({ problems }) => problems.length === count)),
    Stream.runHead
  )
})

const worker = (labels: Readonly<Record<string, string>> = {}) => ({ metadata: { name: "worker-1", labels } })

describe("ReconcileProfiles", () => {
  it.effect("applies nothing before both the configuration and the node are known", () =>
    Effect.gen(function*() {
      const { applied, set } = yield* make
      yield* set(nodePTPCfgs, [])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Queue.size(applied), 0)
      yield* set(nodes, [worker()])
      assert.deepStrictEqual(yield* Queue.take(applied), [])
    }))

  it.effect("applies what the node's profile asks for, and what a label brings (L-42 label means restart)", () =>
    Effect.gen(function*() {
      const { applied, set } = yield* make
      const byLabel = ptp4lConfig("-2")
      yield* set(nodes, [worker()])
      yield* set(nodePTPCfgs, [{
        ...byLabel,
        spec: {
          profile: [{ name: "profile1", interface: "ens1f0", ptp4lOpts: "-2" }],
          recommend: [{ profile: "profile1", priority: 4, match: [{ nodeLabel: "ptp=yes" }] }]
        }
      }])
      assert.deepStrictEqual(yield* Queue.take(applied), [])
      yield* set(nodes, [worker({ ptp: "yes" })])
      assert.deepStrictEqual((yield* Queue.take(applied)).map((spec) => spec.program), ["ptp4l"])
    }))

  it.effect("goes on with the last valid version when the object is broken", () =>
    Effect.gen(function*() {
      const { applied, awaitReconciliation, set } = yield* make
      yield* set(nodes, [worker()])
      yield* set(nodePTPCfgs, [ptp4lConfig("-2")])
      const good = yield* Queue.take(applied)
      yield* set(nodePTPCfgs, [ptp4lConfig("-2 --uds_addr=/etc/x")])
      const { decision } = yield* awaitReconciliation(({ decision }) =>
        Option.exists(decision, (decided) => mistakesOf(decided).length > 0)
      )
      assert.deepStrictEqual(Option.map(decision, ({ processes }) => processes), Option.some(good))
      assert.strictEqual(yield* Queue.size(applied), 0)
    }))

  it.effect("interrupts an apply for other processes, and not for NICs that change nothing of them", () =>
    Effect.gen(function*() {
      const node = yield* makeInMemoryNode
      const events = yield* Queue.unbounded<string>()
      const stuck = Layer.succeed(ProcessSupervisor, {
        apply: ([first]) =>
          Effect.andThen(Queue.offer(events, `apply ${first?.id.split("-")[0]}`), Effect.never).pipe(
            Effect.onInterrupt(() => Queue.offer(events, "interrupted"))
          ),
        stop: Effect.void,
        retryNow: () => Effect.void,
        statuses: Stream.empty,
        output: Stream.empty
      })
      const context = yield* Layer.build(Layer.mergeAll(node.layer, stuck))
      yield* Effect.forkScoped(Effect.provideContext(ReconcileProfiles.run, context))
      const { update } = yield* Effect.provideContext(InMemoryInterfaces, context)
      yield* update(() => [loopback])
      yield* node.set(nodes, [worker()])
      yield* node.set(nodePTPCfgs, [ptp4lConfig("-2")])
      assert.strictEqual(yield* Queue.take(events), "apply ptp4l")
      yield* Effect.provideContext(awaitProblems(1), context)
      yield* update(() => [loopback, nic])
      yield* Effect.provideContext(awaitProblems(0), context)
      assert.strictEqual(yield* Queue.size(events), 0)
      yield* node.set(nodePTPCfgs, [])
      assert.deepStrictEqual(yield* Queue.takeN(events, 2), ["interrupted", "apply undefined"])
    }))

  it.effect("adds nothing to the trace of an edit when a NIC comes", () =>
    Effect.gen(function*() {
      const spans: Array<string> = []
      const tracer = Tracer.make({
        span: (options) => {
          spans.push(options.name)
          return new Tracer.NativeSpan(options)
        }
      })
      const node = yield* makeInMemoryNode
      const edit = Tracer.externalSpan({ traceId: "t", spanId: "s" })
      const api = Layer.effect(
        KubernetesApi,
        Effect.map(KubernetesApi, (inner) => ({
          ...inner,
          watchAll: (...args: Parameters<typeof inner.watchAll>) =>
            Stream.map(
              inner.watchAll(...args),
              (set) => ({ ...set, change: { ...set.change, span: Option.some(edit) } })
            )
        }))
      ).pipe(Layer.provide(node.layer))
      const context = yield* Layer.build(Layer.mergeAll(node.layer, api))
      yield* Effect.forkScoped(
        ReconcileProfiles.run.pipe(Effect.provideContext(context), Effect.withTracer(tracer))
      )
      const { update } = yield* Effect.provideContext(InMemoryInterfaces, context)
      yield* update(() => [loopback])
      yield* node.set(nodes, [worker()])
      yield* node.set(nodePTPCfgs, [ptp4lConfig("-2")])
      yield* Queue.take(node.applied)
      yield* Effect.provideContext(awaitProblems(1), context)
      spans.length = 0
      yield* node.set(nodePTPCfgs, [ptp4lConfig("-4")])
      yield* Queue.take(node.applied)
      assert.deepStrictEqual(spans, ["ProfileSelection.decide", "ReconcileProfiles.reconcile"])
      yield* update(() => [loopback, nic])
      yield* Effect.provideContext(awaitProblems(0), context)
      assert.strictEqual(spans.length, 2)
    }))

  it.effect("says that linuxptp is missing, looks for it every 5 s, and touches nothing until it is there (L-09 applied in name only)", () =>
    Effect.gen(function*() {
      const node = yield* makeInMemoryNode
      yield* SubscriptionRef.set(node.linuxptp, Option.none())
      const context = yield* Layer.build(node.layer)
      yield* Effect.forkScoped(Effect.provideContext(ReconcileProfiles.run, context))
      const { reconciliation } = yield* Effect.provideContext(NodeState.NodeState, context)
      yield* node.set(nodes, [worker()])
      yield* node.set(nodePTPCfgs, [ptp4lConfig("-2")])
      yield* SubscriptionRef.changes(reconciliation).pipe(
        Stream.filter(({ linuxptpMissing }) => linuxptpMissing),
        Stream.runHead
      )
      assert.strictEqual(yield* Queue.size(node.applied), 0)
      yield* SubscriptionRef.set(node.linuxptp, Option.some({ major: 3, minor: 1, patch: 1 }))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Queue.take(node.applied)).length, 1)
    }))
})
