/** Patches over HTTP: merge, JSON and server-side apply, on an object and on its status. */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { at, type Json, type JsonObject, listAt, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { cfg, dev, ownName, workspace } from "./Workspace.ts"

const merge = "merge-patch+json"

export const patchesContract = (it: ContractTests) =>
  describe("patches", () => {
    mergePatches(it)
    refusedPatches(it)
    applies(it)
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
          "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
        ]
      ]
      for (const [type, body, status, text] of refused) {
        const answer = yield* patch(`${cfgs}/a`, type, body)
        assert.deepStrictEqual([body, answer.status, textAt(answer.body, "message")], [body, status, text])
      }
      assert.strictEqual((yield* patch(`${cfgs}/none`, merge, {})).status, 404)
    }))

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
