/** Patches over HTTP: merge, JSON and strategic merge, on an object and on its status. */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { at, type Json, listAt, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { cfg, dev, ownName, workspace } from "./Workspace.ts"

const merge = "merge-patch+json"

export const patchesContract = (it: ContractTests) =>
  describe("patches", () => {
    mergePatches(it)
    refusedPatches(it)
  })

const mergePatches = (it: ContractTests) => {
  it.effect("merges objects, replaces lists, removes what is null", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const profile = [{ name: "p", interface: "ens1f0", ptpSettings: { logReduce: "basic" } }, { name: "q" }]
      yield* call("POST", cfgs, cfg("a", { profile, recommend: [{ profile: "p" }] }))
      const labeled = yield* patch(`${cfgs}/a`, merge, { metadata: { labels: { x: "1", y: "2" } } })
      assert.deepStrictEqual(at(labeled.body, "spec"), { profile, recommend: [{ profile: "p" }] })
      const relabeled = yield* patch(`${cfgs}/a`, merge, { metadata: { labels: { x: null, z: "3" } } })
      assert.deepStrictEqual(at(relabeled.body, "metadata", "labels"), { y: "2", z: "3" })
      const replaced = yield* patch(`${cfgs}/a`, merge, { spec: { profile: [{ name: "q" }], recommend: null } })
      assert.deepStrictEqual(at(replaced.body, "spec"), { profile: [{ name: "q" }] })
    }))

  it.effect("removes null fields of objects in lists too", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      yield* call("POST", cfgs, cfg("a"))
      const profile = [{ name: "q", interface: null, ptpSettings: { logReduce: null, stdoutFilter: "x" } }]
      const replaced = yield* patch(`${cfgs}/a`, merge, { spec: { profile } })
      assert.deepStrictEqual(at(replaced.body, "spec"), {
        profile: [{ name: "q", ptpSettings: { stdoutFilter: "x" } }]
      })
    }))

  it.effect("keeps status and the rest apart", () =>
    Effect.gen(function*() {
      const { devs } = yield* workspace
      const created = yield* call("POST", devs, { ...dev("n"), status: { clock: { state: "LOCKED" } } })
      assert.isUndefined(created.body["status"])
      const status = { clock: { state: "FREERUN" } }
      const written = yield* patch(`${devs}/n/status`, merge, { metadata: { labels: { x: "y" } }, status })
      assert.strictEqual(textAt(written.body, "status", "clock", "state"), "FREERUN")
      assert.isUndefined(at(written.body, "metadata", "labels"))
      assert.strictEqual(at(written.body, "metadata", "generation"), 1)
      const main = yield* patch(`${devs}/n`, merge, { status: { clock: { state: "LOCKED" } } })
      assert.strictEqual(textAt(main.body, "status", "clock", "state"), "FREERUN")
      const removed = yield* patch(`${devs}/n/status`, merge, { status: { clock: null } })
      assert.deepStrictEqual(at(removed.body, "status"), {})
      const read = yield* call("GET", `${devs}/n/status`)
      assert.deepStrictEqual(read.body, removed.body)
    }))

  it.effect("has no status to write where the kind has no status subresource", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      yield* call("POST", cfgs, cfg("a"))
      const answer = yield* patch(`${cfgs}/a/status`, merge, { status: {} })
      assert.deepStrictEqual([answer.status, textAt(answer.body, "message")], [
        404,
        "nodeptpcfgs.ptp.openshift.io \"a\" not found"
      ])
    }))

  it.effect("merges lists of built-in kinds by their key", () =>
    Effect.gen(function*() {
      const name = ownName("node")
      const ready = { type: "Ready", status: "True" }
      yield* call("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name } })
      yield* patch(`/api/v1/nodes/${name}/status`, merge, { status: { conditions: [ready] } })
      const patched = yield* patch(`/api/v1/nodes/${name}/status`, "strategic-merge-patch+json", {
        status: { conditions: [{ type: "Ptp", status: "True" }] }
      })
      const types = listAt(patched.body, "status", "conditions").map((item) => textAt(item, "type"))
      assert.deepStrictEqual(types.toSorted(), ["Ptp", "Ready"])
    }))
}

const refusedPatches = (it: ContractTests) =>
  it.effect("applies JSON patches, and refuses what does not fit", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      yield* call("POST", cfgs, cfg("a"))
      const path = "/spec/profile/0/interface"
      const added = yield* patch(`${cfgs}/a`, "json-patch+json", [{ op: "add", path, value: "ens1f0" }])
      assert.strictEqual(textAt(listAt(added.body, "spec", "profile")[0], "interface"), "ens1f0")
      const rejected = "the server rejected our request due to an error in our request"
      const refused: ReadonlyArray<readonly [string, Json, number, string]> = [
        ["json-patch+json", [{ op: "remove", path: "/spec/none" }], 422, rejected],
        ["json-patch+json", [{ op: "nothing", path: "/spec" }], 422, rejected],
        ["json-patch+json", [{ op: "test", path: "/metadata/name", value: "b" }], 422, rejected],
        [merge, null, 400, "Invalid JSON Patch"],
        [merge, { metadata: { name: "b" } }, 400, "the name of the object (b) does not match the name on the URL (a)"],
        [
          "strategic-merge-patch+json",
          {},
          415,
          "the body of the request was in an unknown format - accepted media types include: " +
          "application/json-patch+json, application/merge-patch+json"
        ]
      ]
      for (const [type, body, status, text] of refused) {
        const answer = yield* patch(`${cfgs}/a`, type, body)
        // A real server goes on with the media type of server-side apply.
        const message = textAt(answer.body, "message").replace(", application/apply-patch+yaml", "")
        assert.deepStrictEqual([body, answer.status, message], [body, status, text])
      }
      assert.strictEqual((yield* patch(`${cfgs}/none`, merge, {})).status, 404)
    }))
