/**
 * A status that outlives its daemon, on a real API server: the daemon takes it back when it is stopped in order, and
 * readers join it with the readiness of pod and Node where it cannot.
 */
import { assert } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { at, type JsonObject, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "../contract/ApiClient.ts"
import { ApiServerUnderTest } from "../contract/ApiServerUnderTest.ts"
import { collections, create, createNode, installAllButKinds, installKinds } from "../contract/Deployment.ts"
import { until, untilBody } from "../contract/Until.ts"
import { cluster } from "./Cluster.ts"
import { makeCommandLine, makeKubectl } from "./Kubectl.ts"
import { startDaemon } from "./NodeDaemon.ts"
import { createPod, createToken } from "./PodToken.ts"
import { untilGranted } from "./UntilGranted.ts"

const device = `${collections.devices}/worker-1`
const node = `${collections.nodes}/worker-1`
const podPath = (name: string) => `/api/v1/namespaces/ptp/pods/${name}`

const config: JsonObject = {
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name: "client", namespace: "ptp" },
  spec: {
    profile: [{ name: "client", interface: "ens787f1", ptp4lOpts: "-s -2", phc2sysOpts: "-a -r" }],
    recommend: [{ profile: "client", priority: 4, match: [{ nodeName: "worker-1" }] }]
  }
}

/** What a kubelet would say of its Node, or of a pod on it. */
const sayReady = (path: string, status: "True" | "False" | "Unknown", reason: string) =>
  patch(`${path}/status`, "merge-patch+json", {
    status: { conditions: [{ type: "Ready", status, reason, message: "", lastTransitionTime: "2026-11-26T00:00:00Z" }] }
  })

const deployed = Layer.effectDiscard(Effect.gen(function*() {
  yield* createNode("worker-1")
  yield* installAllButKinds
  yield* installKinds
  yield* untilGranted
  yield* create(config)
}))

/** A daemon that is LOCKED, in a pod that is ready, on a Node that is ready. */
const running = Effect.gen(function*() {
  yield* sayReady(node, "True", "KubeletReady")
  const pod = textAt(yield* createPod("worker-1"), "metadata", "name")
  yield* sayReady(podPath(pod), "True", "Ready")
  const scope = yield* Effect.acquireRelease(Scope.make(), (opened) => Scope.close(opened, Exit.void))
  const { body } = yield* call("GET", podPath(pod))
  yield* startDaemon(yield* createToken({ pod: body }), pod).pipe(Effect.provideService(Scope.Scope, scope))
  yield* untilBody("locked", device, ({ status }) => {
    const said = JSON.stringify(status ?? null)
    return said.includes(`"state":"LOCKED"`) && said.includes(`"pod":"${pod}"`)
  })
  return { pod, stop: Scope.close(scope, Exit.void) }
})

/** What the command `status` says to the administrator. */
const statusCommand = Effect.gen(function*() {
  const { adminToken } = yield* ApiServerUnderTest
  return yield* makeCommandLine(adminToken)
})

const wait = ["-n", "ptp", "wait", "--for=condition=Synchronized", "--timeout=2s", "nodeptpdev/worker-1"]

/** Somebody who may see NodePTPDevs and Nodes, and no Pods. */
const reader = Effect.gen(function*() {
  const metadata = { name: "reader", namespace: "ptp" }
  const rbac = "rbac.authorization.k8s.io"
  yield* create({ apiVersion: "v1", kind: "ServiceAccount", metadata })
  for (const [apiGroup, resource] of [["", "nodes"], ["ptp.openshift.io", "nodeptpdevs"]] as const) {
    const name = `reader-${resource}`
    const rules = [{ apiGroups: [apiGroup], resources: [resource], verbs: ["list"] }]
    yield* create({ apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name }, rules })
    yield* create({
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name: "reader", namespace: "ptp" }]
    })
  }
  return yield* makeCommandLine(yield* createToken({ account: "reader" }))
})

cluster("a status on a real API server", (anywhere) =>
  anywhere.layer(deployed)((it) => {
    it.effect("belongs to the Node, and is taken back when the daemon is stopped in order", () =>
      Effect.gen(function*() {
        const kubectl = yield* makeKubectl
        const status = yield* statusCommand
        const { stop } = yield* running
        assert.strictEqual((yield* kubectl(wait)).code, 0)
        const well = yield* status("status worker-1")
        assert.strictEqual(well.code, 0, well.text)
        const owner = (yield* call("GET", node)).body
        assert.deepStrictEqual(at((yield* call("GET", device)).body, "metadata", "ownerReferences"), [
          { apiVersion: "v1", kind: "Node", name: "worker-1", uid: textAt(owner, "metadata", "uid") }
        ])

        yield* stop
        const refused = yield* kubectl(wait)
        assert.deepStrictEqual([refused.code, refused.text.includes("timed out")], [1, true], refused.text)
        const stopped = yield* status("status worker-1")
        assert.strictEqual(stopped.code, 1)
        assert.match(stopped.text, /worker-1 +- +- +- +the daemon was stopped at \d{4}-/)
      }))

    it.effect("is stale while its pod or its Node cannot vouch for it", () =>
      Effect.gen(function*() {
        const status = yield* statusCommand
        const blind = yield* reader
        const { pod } = yield* running
        const isStale = (reason: string) =>
          Effect.map(status("status worker-1"), ({ code, text }) => {
            assert.strictEqual(code, 1)
            assert.match(text, /worker-1 +client +STALE +-/)
            assert.include(text, `STALE: ${reason}; LOCKED was its last word`)
          })
        yield* sayReady(podPath(pod), "False", "ContainersNotReady")
        yield* isStale(`Pod ${pod} is not ready (ContainersNotReady)`)
        const unseen = yield* until("the reader's roles", blind("status worker-1"), ({ code }) => code === 0)
        assert.match(unseen.text, /worker-1 +client +LOCKED/)
        assert.include(unseen.text, "you may not see Pods: whether a status is stale is told by the Node alone")
        yield* sayReady(podPath(pod), "True", "Ready")
        assert.strictEqual((yield* status("status worker-1")).code, 0)
        yield* sayReady(node, "Unknown", "NodeStatusUnknown")
        yield* isStale("Node worker-1 is not ready (NodeStatusUnknown)")
        assert.include((yield* blind("status worker-1")).text, "STALE: Node worker-1 is not ready")
        yield* sayReady(node, "True", "KubeletReady")
        yield* call("DELETE", `${podPath(pod)}?gracePeriodSeconds=0`)
        yield* isStale(`Pod ${pod} is gone`)
      }))
  }))
