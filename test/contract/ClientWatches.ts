/** The daemon's watches on the server under test: every kind that the daemon watches, with the options that it uses. */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import type { WatchedSet } from "../../src/services/kubernetes/KubernetesApi.ts"
import { nodes } from "../../src/services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../../src/services/kubernetes/NodePTPCfg.ts"
import { nodePTPDevs } from "../../src/services/kubernetes/NodePTPDev.ts"
import { call, patch } from "./ApiClient.ts"
import { ApiServerUnderTest, type ContractTests } from "./ApiServerUnderTest.ts"
import { daemonClient, lineToServer, namesOf, watchedSets } from "./DaemonClient.ts"
import { cfg, ownName, workspace } from "./Workspace.ts"

const told = ({ change: { name, type } }: WatchedSet): string => `${type} ${name}`.trim()

export const clientWatchesContract = (it: ContractTests) =>
  describe("the daemon's watches", () => {
    configurations(it)
    ownObjects(it)
    many(it)
    forgotten(it)
  })

const configurations = (it: ContractTests) =>
  it.effect("hand out every NodePTPCfg: none at first, then each change", () =>
    Effect.gen(function*() {
      const { cfgs, namespace } = yield* workspace
      const api = yield* daemonClient({ namespace })
      const { next } = yield* watchedSets(api, nodePTPCfgs)
      const steps: Array<readonly [string, ReadonlyArray<string>]> = []
      const step = Effect.map(next, (set) => {
        steps.push([told(set), namesOf(set)])
        return set
      })
      yield* step
      yield* call("POST", cfgs, cfg("b"))
      const added = yield* step
      yield* call("POST", cfgs, cfg("a"))
      yield* step
      yield* patch(`${cfgs}/b`, "merge-patch+json", { spec: { profile: [{ name: "q" }] } })
      const modified = yield* step
      yield* call("DELETE", `${cfgs}/a`)
      yield* step
      assert.deepStrictEqual(steps, [
        ["LISTED", []],
        ["ADDED b", ["b"]],
        ["ADDED a", ["a", "b"]],
        ["MODIFIED b", ["a", "b"]],
        ["DELETED a", ["b"]]
      ])
      assert.deepStrictEqual([added.change.generation, modified.change.generation], [1, 2])
      assert.deepStrictEqual(modified.objects[1]?.["spec"], { profile: [{ name: "q" }] })
      const [age] = yield* api.watches
      assert.strictEqual(age?.resource, "nodeptpcfgs")
    }))

const node = (name: string) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { ptp: "yes" } },
  spec: { podCIDR: "10.1.0.0/24" }
})

const ownObjects = (it: ContractTests) => {
  it.effect("hand out the own Node alone, as metadata, and its labels as they change", () =>
    Effect.gen(function*() {
      const { namespace } = yield* workspace
      const nodeName = ownName("node")
      yield* call("POST", "/api/v1/nodes", node(nodeName))
      yield* call("POST", "/api/v1/nodes", node(`${nodeName}-other`))
      const api = yield* daemonClient({ namespace, nodeName })
      const { next } = yield* watchedSets(api, nodes, { name: nodeName, metadataOnly: true })
      const first = yield* next
      assert.deepStrictEqual([told(first), namesOf(first)], ["LISTED", [nodeName]])
      const [listed] = first.objects
      assert.strictEqual(listed?.metadata.labels?.["ptp"], "yes")
      assert.deepStrictEqual([listed?.["spec"], listed?.["status"]], [undefined, undefined])
      yield* patch(`/api/v1/nodes/${nodeName}-other`, "merge-patch+json", { metadata: { labels: { ptp: "no" } } })
      yield* patch(`/api/v1/nodes/${nodeName}`, "merge-patch+json", { metadata: { labels: { ptp: null, gm: "1" } } })
      const labeled = yield* next
      assert.strictEqual(told(labeled), `MODIFIED ${nodeName}`)
      const [watched] = labeled.objects
      assert.deepStrictEqual([watched?.metadata.labels?.["ptp"], watched?.metadata.labels?.["gm"]], [undefined, "1"])
      assert.deepStrictEqual([watched?.["kind"], watched?.["spec"], watched?.["status"]], [
        "PartialObjectMetadata",
        undefined,
        undefined
      ])
      yield* call("DELETE", `/api/v1/nodes/${nodeName}`)
      assert.deepStrictEqual(namesOf(yield* next), [])
      yield* call("POST", "/api/v1/nodes", node(nodeName))
      assert.deepStrictEqual(namesOf(yield* next), [nodeName])
    }))

  it.effect("hand out the own NodePTPDev: none until it is created, then its status, then none again", () =>
    Effect.gen(function*() {
      const { devs, namespace } = yield* workspace
      const nodeName = "worker-1"
      const api = yield* daemonClient({ namespace, nodeName })
      const { next } = yield* watchedSets(api, nodePTPDevs, { name: nodeName })
      const empty = yield* next
      assert.deepStrictEqual([told(empty), namesOf(empty)], ["LISTED", []])
      yield* api.create(nodePTPDevs, { metadata: { name: "worker-2" }, spec: {} })
      yield* api.create(nodePTPDevs, { metadata: { name: nodeName }, spec: {} })
      assert.strictEqual(told(yield* next), `ADDED ${nodeName}`)
      yield* api.patchStatus(nodePTPDevs, nodeName, { clock: { state: "LOCKED", ports: [] } })
      const modified = yield* next
      assert.deepStrictEqual(modified.objects[0]?.["status"], { clock: { state: "LOCKED", ports: [] } })
      yield* call("DELETE", `${devs}/${nodeName}`)
      const deleted = yield* next
      assert.deepStrictEqual([told(deleted), namesOf(deleted)], [`DELETED ${nodeName}`, []])
    }))
}

/** More than the client asks for in one page. */
const several = 510

const many = (it: ContractTests) =>
  it.effect("and lists hold more objects than one page does", () =>
    Effect.gen(function*() {
      const { cfgs, namespace } = yield* workspace
      const names = Array.from({ length: several }, (_, index) => `c${String(index).padStart(3, "0")}`)
      yield* Effect.forEach(names, (name) => call("POST", cfgs, cfg(name)), { concurrency: 8 })
      const page = yield* call("GET", `${cfgs}?limit=500`)
      assert.notStrictEqual(textAt(page.body, "metadata", "continue"), "")
      const api = yield* daemonClient({ namespace })
      assert.deepStrictEqual((yield* api.list(nodePTPCfgs)).map(({ metadata }) => metadata.name), names)
      // The first list of a watch may come from the server's cache, which is whole but may be a moment behind.
      const { until } = yield* watchedSets(api, nodePTPCfgs)
      assert.deepStrictEqual(namesOf(yield* until(({ objects }) => objects.length === several)), names)
    }))

const forgotten = (it: ContractTests) =>
  it.effect("list anew when the server forgot what happened while nobody could watch", () =>
    Effect.gen(function*() {
      const { cfgs, namespace } = yield* workspace
      const { compact } = yield* ApiServerUnderTest
      assert.isDefined(compact)
      for (const name of ["a", "b"]) yield* call("POST", cfgs, cfg(name))
      const line = yield* lineToServer
      const api = yield* daemonClient({ namespace, line: line.url })
      const { until } = yield* watchedSets(api, nodePTPCfgs)
      yield* until(({ objects }) => objects.length === 2)
      yield* line.cut
      yield* call("DELETE", `${cfgs}/a`)
      yield* call("POST", cfgs, cfg("c"))
      yield* compact
      yield* line.mend
      const healed = yield* until((set) => namesOf(set).join() === "b,c")
      assert.strictEqual(told(healed), "LISTED")
      yield* call("POST", cfgs, cfg("d"))
      assert.strictEqual(told(yield* until(({ objects }) => objects.length === 3)), "ADDED d")
    }))
