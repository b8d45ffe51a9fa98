/** From an edit to the processes, through selection, plan and the real supervisor: only what changed is touched. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Queue } from "effect"
import * as FiberProcessSupervisor from "../../src/layers/processes/FiberProcessSupervisor.ts"
import * as ReconcileProfiles from "../../src/programs/ReconcileProfiles.ts"
import type { KubernetesObject } from "../../src/services/kubernetes/KubernetesObject.ts"
import { nodes } from "../../src/services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../../src/services/kubernetes/NodePTPCfg.ts"
import { ProcessSupervisor } from "../../src/services/processes/ProcessSupervisor.ts"
import { makeScriptedRunner, scriptedKnowledge } from "../layers/processes/ScriptedRunner.ts"
import { makeInMemoryNode } from "./InMemoryNode.ts"

const make = Effect.gen(function*() {
  const node = yield* makeInMemoryNode
  const runner = yield* makeScriptedRunner
  const supervisor = yield* Layer.build(
    FiberProcessSupervisor.layer(scriptedKnowledge({ becomesReady: () => true })).pipe(Layer.provide(runner.layer))
  )
  const context = Context.add(
    yield* Layer.build(node.layer),
    ProcessSupervisor,
    Context.get(supervisor, ProcessSupervisor)
  )
  yield* Effect.forkScoped(Effect.provideContext(ReconcileProfiles.run, context))
  yield* node.set(nodes, [{ metadata: { name: "worker-1", labels: {} } }])
  return { ...runner, set: node.set }
})

const profile = { name: "profile1", interface: "ens1f0", ptp4lOpts: "-2", phc2sysOpts: "-a -r" }
const recommendation = { profile: "profile1", priority: 4, match: [{ nodeName: "worker-1" }] }
const config = (
  change: Partial<typeof profile> = {},
  labels: Readonly<Record<string, string>> = {}
): KubernetesObject => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name: "config1", namespace: "ptp", uid: "uid-1", labels },
  spec: { profile: [{ ...profile, ...change }], recommend: [recommendation] }
})
const ofAnotherNode = (options: string): KubernetesObject => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name: "config2", namespace: "ptp", uid: "uid-2" },
  spec: {
    profile: [{ name: "other", interface: "ens2f0", ptp4lOpts: options }],
    recommend: [{ profile: "other", priority: 0, match: [{ nodeName: "worker-2" }] }]
  }
})

/** Makes the first ptp4l and phc2sys run. */
const running = Effect.gen(function*() {
  const node = yield* make
  yield* node.set(nodePTPCfgs, [config()])
  const ptp4l = yield* Queue.take(node.started)
  ptp4l.print("ready")
  const phc2sys = yield* Queue.take(node.started)
  phc2sys.print("ready")
  node.log.length = 0
  return { ...node, ptp4l, phc2sys }
})

describe("an edit", () => {
  it.effect("of phc2sysOpts leaves ptp4l's pid alone", () =>
    Effect.gen(function*() {
      const { living, log, phc2sys, ptp4l, set, started } = yield* running
      yield* set(nodePTPCfgs, [config({ phc2sysOpts: "-a -r -u 60" })])
      const successor = yield* Queue.take(started)
      assert.deepStrictEqual(successor.spec.id, phc2sys.spec.id)
      assert.deepStrictEqual(log, [`SIGTERM ${phc2sys.spec.id}`, `-${phc2sys.spec.id}`, `+${phc2sys.spec.id}`])
      assert.strictEqual(living.get(ptp4l.pid), ptp4l.spec.id)
    }))

  it.effect("that means nothing to this node restarts nothing, 1,000 times in a row (L-05 restart without change)", () =>
    Effect.gen(function*() {
      const { log, phc2sys, set, started } = yield* running
      for (let edit = 0; edit < 1_000; edit += 1) {
        const mine = config({ ptp4lOpts: edit % 2 === 0 ? "-2" : "  '-2'  " }, { edit: String(edit) })
        const others = ofAnotherNode(`--domainNumber ${edit % 128}`)
        yield* set(nodePTPCfgs, edit % 3 === 0 ? [others, mine] : [mine, others])
        yield* set(nodes, [{ metadata: { name: "worker-1", labels: { edit: String(edit) } } }])
      }
      // One edit that does mean something: when it is done, all before it were seen.
      yield* set(nodePTPCfgs, [config({ phc2sysOpts: "-a -r -u 60" })])
      yield* Queue.take(started)
      assert.deepStrictEqual(log, [`SIGTERM ${phc2sys.spec.id}`, `-${phc2sys.spec.id}`, `+${phc2sys.spec.id}`])
    }))
})
