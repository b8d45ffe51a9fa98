import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Queue, Stream, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import * as NodeState from "../../src/programs/NodeState.ts"
import * as ReconcileProfiles from "../../src/programs/ReconcileProfiles.ts"
import { nodes } from "../../src/services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../../src/services/kubernetes/NodePTPCfg.ts"
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

  it.effect("applies what the node's profile asks for, and what a label brings", () =>
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
      assert.deepStrictEqual(yield* Queue.take(applied), good)
      const { decision } = yield* awaitReconciliation(({ decision }) => Option.isSome(decision))
      assert.isAbove(ReconcileProfiles.mistakesOf(Option.getOrThrow(decision)).length, 0)
    }))

  it.effect("says that linuxptp is missing, looks for it every 5 s, and touches nothing until it is there", () =>
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
