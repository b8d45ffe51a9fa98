/**
 * Server-side apply, only on a real kube-apiserver, because the embedded one does not have it. People who apply to the
 * daemon's kinds and the daemon must not change each other's fields.
 */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { at, type JsonObject, listAt, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { nodePTPDevs } from "../../src/services/kubernetes/NodePTPDev.ts"
import { call, patch } from "../contract/ApiClient.ts"
import type { ContractTests } from "../contract/ApiServerUnderTest.ts"
import { daemonClient } from "../contract/DaemonClient.ts"
import { cfg, dev, workspace } from "../contract/Workspace.ts"

const merge = "merge-patch+json"
const nodeName = "worker-1"

export const serverSideApply = (it: ContractTests) =>
  describe("server-side apply", () => {
    applies(it)
    besideOthers(it)
  })

/** Whoever applied or wrote something, and how, as `managedFields` tells it. */
const managers = (object: JsonObject): ReadonlyArray<string> =>
  listAt(object, "metadata", "managedFields").map((entry) =>
    ["manager", "operation", "subresource"].map((field) => textAt(entry, field)).join(" ").trim()
  ).toSorted()

const applies = (it: ContractTests) => {
  it.effect("applies a configuration, records its manager, and removes what is no longer applied", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const apply = (manager: string, profile: JsonObject) =>
        patch(
          `${cfgs}/a?fieldManager=${manager}`,
          "apply-patch+yaml",
          cfg("a", { profile: [{ name: "p", ...profile }] })
        )
      const created = yield* apply("first", { interface: "ens1f0", ptp4lOpts: "-2" })
      assert.strictEqual(created.status, 201)
      yield* apply("second", { phc2sysOpts: "-a -r" })
      const again = yield* apply("first", { interface: "ens1f1" })
      assert.strictEqual(again.status, 200)
      assert.deepStrictEqual(listAt(again.body, "spec", "profile"), [
        { name: "p", interface: "ens1f1", phc2sysOpts: "-a -r" }
      ])
      assert.deepStrictEqual(managers(again.body), ["first Apply", "second Apply"])
      const same = yield* apply("first", { interface: "ens1f1" })
      assert.deepStrictEqual(same.body, again.body)
      const anonymous = yield* patch(`${cfgs}/a`, "apply-patch+yaml", cfg("a"))
      assert.deepStrictEqual([anonymous.status, textAt(anonymous.body, "message")], [
        422,
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
      ])
    }))

  it.effect("refuses to apply what another manager applied, unless forced", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const apply = (query: string, ptp4lOpts: string) =>
        patch(`${cfgs}/a?${query}`, "apply-patch+yaml", cfg("a", { profile: [{ name: "p", ptp4lOpts }] }))
      yield* apply("fieldManager=first", "-2")
      const conflict = yield* apply("fieldManager=second", "-4")
      assert.deepStrictEqual([conflict.status, textAt(conflict.body, "reason"), textAt(conflict.body, "message")], [
        409,
        "Conflict",
        "Apply failed with 1 conflict: conflict with \"first\": .spec.profile[name=\"p\"].ptp4lOpts"
      ])
      assert.strictEqual((yield* apply("fieldManager=second", "-2")).status, 200)
      const forced = yield* apply("fieldManager=third&force=true", "-6")
      assert.strictEqual(textAt(listAt(forced.body, "spec", "profile")[0], "ptp4lOpts"), "-6")
      assert.deepStrictEqual(managers(forced.body), ["first Apply", "second Apply", "third Apply"])
    }))

  it.effect("refuses to apply fields that the schema does not know, strict or not", () =>
    Effect.gen(function*() {
      const { cfgs, namespace } = yield* workspace
      const cases = [
        [{ bar: 1 }, ".spec.bar: field not declared in schema"],
        [{ profile: [{ name: "p", bar: 1 }] }, ".spec.profile[name=\"p\"].bar: field not declared in schema"],
        [{ recommend: [{ profile: "p", bar: 1 }] }, ".spec.recommend[0].bar: field not declared in schema"],
        [
          { profile: [{ interface: "ens1f0" }] },
          ".spec.profile: element 0: associative list with keys has an element that omits all key fields [\"name\"] " +
          "(and doesn't have default values for any key fields)"
        ]
      ] as const
      for (const [spec, text] of cases) {
        const query = "fieldManager=first&fieldValidation=Ignore"
        const answer = yield* patch(`${cfgs}/a?${query}`, "apply-patch+yaml", {
          ...cfg("a", spec),
          metadata: { name: "a", namespace }
        })
        const object = `${namespace}/a; ptp.openshift.io/v1, Kind=NodePTPCfg`
        assert.deepStrictEqual([answer.status, textAt(answer.body, "message")], [
          500,
          `failed to create typed patch object (${object}): ${text}`
        ])
      }
    }))

  it.effect("keeps what was written otherwise beside what is applied", () =>
    Effect.gen(function*() {
      const { devs } = yield* workspace
      yield* call("POST", `${devs}?fieldManager=linuxptp-daemon`, dev("n"))
      const status = { clock: { state: "LOCKED" }, conditions: [] }
      yield* patch(`${devs}/n/status?fieldManager=linuxptp-daemon`, merge, { status })
      const labels = { "example.com/team": "clocks" }
      const applied = yield* patch(`${devs}/n?fieldManager=somebody`, "apply-patch+yaml", {
        ...dev("n"),
        metadata: { name: "n", labels }
      })
      assert.deepStrictEqual([applied.body["status"], at(applied.body, "metadata", "labels")], [status, labels])
      const again = yield* patch(`${devs}/n/status?fieldManager=linuxptp-daemon`, merge, {
        status: { clock: { state: "FREERUN" } }
      })
      assert.deepStrictEqual(
        [textAt(again.body, "status", "clock", "state"), at(again.body, "metadata", "labels")],
        ["FREERUN", labels]
      )
      assert.deepStrictEqual(managers(again.body), [
        "linuxptp-daemon Update",
        "linuxptp-daemon Update status",
        "somebody Apply"
      ])
    }))
}

const besideOthers = (it: ContractTests) =>
  it.effect("leaves the daemon its status, and somebody else what he applied", () =>
    Effect.gen(function*() {
      const { devs, namespace } = yield* workspace
      const api = yield* daemonClient({ namespace })
      yield* api.create(nodePTPDevs, { metadata: { name: nodeName }, spec: {} })
      yield* api.patchStatus(nodePTPDevs, nodeName, { clock: { state: "LOCKED" } })
      const apply = (query: string, fields: { readonly status?: { readonly clock: { readonly state: string } } }) =>
        patch(`${devs}/${nodeName}${query}`, "apply-patch+yaml", {
          apiVersion: "ptp.openshift.io/v1",
          kind: "NodePTPDev",
          metadata: { name: nodeName, labels: { team: "clocks" } },
          ...fields
        })
      assert.strictEqual((yield* apply("?fieldManager=somebody", {})).status, 200)
      const patched = yield* api.patchStatus(nodePTPDevs, nodeName, { clock: { state: "FREERUN" } })
      assert.deepStrictEqual([patched.metadata.labels, patched["status"]], [{ team: "clocks" }, {
        clock: { state: "FREERUN" }
      }])
      const status = { clock: { state: "LOCKED" } }
      const conflict = yield* apply("/status?fieldManager=somebody", { status })
      assert.deepStrictEqual([conflict.status, textAt(conflict.body, "message")], [
        409,
        "Apply failed with 1 conflict: conflict with \"linuxptp-daemon\" with subresource \"status\" " +
        "using ptp.openshift.io/v1: .status.clock.state"
      ])
      yield* apply("/status?fieldManager=somebody&force=true", { status })
      // A merge patch never conflicts: the daemon's word about its own node is the last one.
      const again = yield* api.patchStatus(nodePTPDevs, nodeName, { clock: { state: "HOLDOVER" } })
      assert.deepStrictEqual(again["status"], { clock: { state: "HOLDOVER" } })
      const read = yield* call("GET", `${devs}/${nodeName}`)
      assert.strictEqual(textAt(read.body, "metadata", "labels", "team"), "clocks")
    }))
