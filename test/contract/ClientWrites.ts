/** The daemon's plain requests on the server under test: read, create and the status patch, and how they fail. */
import { assert, describe } from "@effect/vitest"
import { Effect, Option } from "effect"
import { nodePTPCfgs } from "../../src/services/kubernetes/NodePTPCfg.ts"
import { nodePTPDevs } from "../../src/services/kubernetes/NodePTPDev.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { daemonClient } from "./DaemonClient.ts"
import { ownGroup, thingsOf } from "./OwnKind.ts"
import { ownName, workspace } from "./Workspace.ts"

const nodeName = "worker-1"
const ownDev = { metadata: { name: nodeName }, spec: {} }

export const clientWritesContract = (it: ContractTests) =>
  describe("the daemon's requests", () => {
    creates(it)
    statuses(it)
  })

const creates = (it: ContractTests) => {
  it.effect("find nothing, create, and find what they created", () =>
    Effect.gen(function*() {
      const { namespace } = yield* workspace
      const api = yield* daemonClient({ namespace })
      assert.deepStrictEqual(yield* api.get(nodePTPDevs, nodeName), Option.none())
      assert.deepStrictEqual(yield* api.list(nodePTPDevs), [])
      const created = yield* api.create(nodePTPDevs, ownDev)
      assert.deepStrictEqual([created["kind"], created.metadata.namespace, created.metadata.generation], [
        "NodePTPDev",
        namespace,
        1
      ])
      assert.isString(created.metadata.uid)
      assert.deepStrictEqual(yield* api.get(nodePTPDevs, nodeName), Option.some(created))
      assert.deepStrictEqual((yield* api.list(nodePTPDevs)).map(({ metadata }) => metadata), [created.metadata])
    }))

  it.effect("fail with a reason: a name that is taken, a namespace or a kind that is not there", () =>
    Effect.gen(function*() {
      const { namespace } = yield* workspace
      const api = yield* daemonClient({ namespace })
      yield* api.create(nodePTPDevs, ownDev)
      const taken = yield* Effect.flip(api.create(nodePTPDevs, ownDev))
      assert.deepStrictEqual([taken.reason, taken.status, taken.detail], [
        "Conflict",
        409,
        `nodeptpdevs.ptp.openshift.io "${nodeName}" already exists`
      ])
      const nowhere = ownName("nowhere")
      const elsewhere = yield* daemonClient({ namespace: nowhere })
      const homeless = yield* Effect.flip(elsewhere.create(nodePTPDevs, ownDev))
      assert.deepStrictEqual([homeless.reason, homeless.detail], ["NotFound", `namespaces "${nowhere}" not found`])
      assert.deepStrictEqual(yield* elsewhere.get(nodePTPDevs, nodeName), Option.none())
      const things = thingsOf(ownGroup())
      assert.deepStrictEqual(yield* api.get(things, "a"), Option.none())
      assert.strictEqual((yield* Effect.flip(api.list(things))).reason, "NotFound")
      const wrong = yield* Effect.flip(api.create(nodePTPCfgs, { metadata: { name: "a" }, spec: { profile: [{}] } }))
      assert.deepStrictEqual([wrong.reason, wrong.status], ["Invalid", 422])
      assert.match(wrong.detail, /spec\.profile\[0\]\.name: Required value/)
    }))
}

const statuses = (it: ContractTests) => {
  it.effect("merge a status: what is absent stays, null removes, lists are replaced", () =>
    Effect.gen(function*() {
      const { namespace } = yield* workspace
      const api = yield* daemonClient({ namespace })
      const created = yield* api.create(nodePTPDevs, ownDev)
      const first = {
        ptpDevices: [{ name: "ens1f0", phcIndex: 0 }, { name: "ens1f1" }],
        profiles: [{ name: "p", config: "c", matchedBy: "nodeName worker-1" }],
        clock: { state: "LOCKED", grandmaster: "aa", ports: [{ interface: "ens1f0", state: "SLAVE" }] }
      }
      yield* api.patchStatus(nodePTPDevs, nodeName, first)
      const merged = yield* api.patchStatus(nodePTPDevs, nodeName, {
        ptpDevices: [{ name: "ens1f1" }],
        clock: { state: "HOLDOVER", grandmaster: null, ports: [] }
      })
      assert.deepStrictEqual(merged["status"], {
        ptpDevices: [{ name: "ens1f1" }],
        profiles: first.profiles,
        clock: { state: "HOLDOVER", ports: [] }
      })
      const removed = yield* api.patchStatus(nodePTPDevs, nodeName, { clock: null, profiles: [] })
      assert.deepStrictEqual(removed["status"], { ptpDevices: [{ name: "ens1f1" }], profiles: [] })
      assert.deepStrictEqual([removed["spec"], removed.metadata.generation, removed.metadata.uid], [
        created["spec"],
        1,
        created.metadata.uid
      ])
      const same = yield* api.patchStatus(nodePTPDevs, nodeName, { profiles: [] })
      assert.strictEqual(same.metadata.resourceVersion, removed.metadata.resourceVersion)
    }))

  it.effect("fail when there is no object, or when the status is not one", () =>
    Effect.gen(function*() {
      const { namespace } = yield* workspace
      const api = yield* daemonClient({ namespace })
      const missing = yield* Effect.flip(api.patchStatus(nodePTPDevs, nodeName, { profiles: [] }))
      assert.deepStrictEqual([missing.reason, missing.status], ["NotFound", 404])
      yield* api.create(nodePTPDevs, ownDev)
      const wrong = yield* Effect.flip(api.patchStatus(nodePTPDevs, nodeName, { clock: { state: "SYNCED" } }))
      assert.deepStrictEqual([wrong.reason, wrong.status], ["Invalid", 422])
      assert.match(wrong.detail, /status\.clock\.state: Unsupported value: "SYNCED"/)
    }))
}
