import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { at, type JsonObject, listAt, textAt, textsAt } from "../../../../src/layers/kubernetes/embedded/JsonTree.ts"
import { seedNode } from "../../../../src/layers/kubernetes/embedded/SeedNode.ts"
import { call, cfg, cfgs, dev, devs, install, patch, server } from "./ApiClient.ts"

const names = (list: JsonObject): ReadonlyArray<string> =>
  listAt(list, "items").map((item) => textAt(item, "metadata", "name"))
const table = {
  accept:
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
}
const cells = (answer: JsonObject): ReadonlyArray<unknown> => listAt(answer, "rows").map((row) => listAt(row, "cells"))
const columns = (answer: JsonObject): ReadonlyArray<string> =>
  listAt(answer, "columnDefinitions").map((column) => textAt(column, "name"))

const groups = (body: JsonObject) => listAt(body, "groups").map((group) => textAt(group, "name"))

describe("lists and tables over HTTP", () => {
  it.effect("selects by labels and names", () =>
    Effect.gen(function*() {
      yield* install
      for (const [name, labels] of [["a", {}], ["b", { x: "1" }], ["c", { x: "2", y: "1" }]] as const) {
        yield* call("POST", cfgs, { ...cfg(name), metadata: { name, labels } })
      }
      const selections = [
        ["", ["a", "b", "c"]],
        ["labelSelector=x", ["b", "c"]],
        ["labelSelector=!x", ["a"]],
        ["labelSelector=x%3D1", ["b"]],
        ["labelSelector=x!%3D1", ["a", "c"]],
        ["labelSelector=x in (1,2),y", ["c"]],
        ["labelSelector=x notin (1)", ["a", "c"]],
        ["fieldSelector=metadata.name%3Db", ["b"]],
        ["fieldSelector=metadata.name!%3Db,metadata.namespace%3Dptp", ["a", "c"]]
      ] as const
      for (const [query, expected] of selections) {
        assert.deepStrictEqual([query, names((yield* call("GET", `${cfgs}?${query}`)).body)], [query, [...expected]])
      }
    }).pipe(Effect.provide(server())))

  it.effect("pages through one moment, whatever is written meanwhile", () =>
    Effect.gen(function*() {
      yield* install
      for (const name of ["a", "b", "c", "d"]) yield* call("POST", cfgs, cfg(name))
      const first = yield* call("GET", `${cfgs}?limit=2`)
      assert.deepStrictEqual([names(first.body), at(first.body, "metadata", "remainingItemCount")], [["a", "b"], 2])
      yield* call("DELETE", `${cfgs}/c`)
      yield* call("POST", cfgs, cfg("cc"))
      const token = encodeURIComponent(textAt(first.body, "metadata", "continue"))
      const second = yield* call("GET", `${cfgs}?limit=2&continue=${token}`)
      assert.deepStrictEqual([names(second.body), at(second.body, "metadata", "continue")], [["c", "d"], undefined])
      assert.strictEqual(
        textAt(second.body, "metadata", "resourceVersion"),
        textAt(first.body, "metadata", "resourceVersion")
      )
    }).pipe(Effect.provide(server())))

  it.effect("prints NodePTPDevs with the columns of the definition", () =>
    Effect.gen(function*() {
      yield* install
      yield* call("POST", devs, dev("worker-1"))
      yield* call("POST", devs, dev("worker-2"))
      const status = {
        ptpDevices: [{ name: "ens787f0" }, { name: "ens787f1" }],
        profiles: [{ name: "p", config: "c", priority: 4, matchedBy: "nodeName worker-1" }],
        clock: { state: "LOCKED", ports: [], since: "2026-01-01T00:00:00Z" },
        conditions: ["Applied", "Degraded"].map((type) => ({
          type,
          status: type === "Applied" ? "True" : "False",
          reason: "Ready",
          message: "",
          lastTransitionTime: "2026-01-01T00:00:00Z"
        }))
      }
      const written = yield* patch(`${devs}/worker-1/status`, "merge-patch+json", { status })
      assert.deepStrictEqual(written.body["status"], status)
      const list = yield* call("GET", devs, undefined, table)
      assert.strictEqual(list.body["kind"], "Table")
      assert.deepStrictEqual(columns(list.body), ["Name", "Profile", "Clock", "Applied", "Devices", "Age"])
      assert.deepStrictEqual(cells(list.body), [
        ["worker-1", "p", "LOCKED", "True", "ens787f0", "0s"],
        ["worker-2", null, null, null, null, "0s"]
      ])
      const one = yield* call("GET", `${devs}/worker-1`, undefined, table)
      assert.strictEqual(listAt(one.body, "rows").length, 1)
      assert.strictEqual(textAt(listAt(one.body, "rows")[0], "object", "kind"), "PartialObjectMetadata")
    }).pipe(Effect.provide(server())))

  it.effect("prints nodes as kubectl knows them, and gives their metadata alone", () =>
    Effect.gen(function*() {
      yield* seedNode("worker-1", { "node-role.kubernetes.io/worker": "" })
      const list = yield* call("GET", "/api/v1/nodes", undefined, table)
      assert.deepStrictEqual(columns(list.body), ["Name", "Status", "Roles", "Age", "Version"])
      assert.deepStrictEqual(cells(list.body), [["worker-1", "Ready", "worker", "0s", "v1.32.0"]])
      const accept = { accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" }
      const partial = yield* call("GET", "/api/v1/nodes", undefined, accept)
      assert.strictEqual(partial.body["kind"], "PartialObjectMetadataList")
      assert.deepStrictEqual(Object.keys(listAt(partial.body, "items")[0] ?? {}).toSorted(), [
        "apiVersion",
        "kind",
        "metadata"
      ])
    }).pipe(Effect.provide(server())))

  it.effect("merges lists of built-in kinds by their key", () =>
    Effect.gen(function*() {
      yield* seedNode("worker-1", {})
      const condition = { type: "Ptp", status: "True" }
      const path = "/api/v1/nodes/worker-1/status"
      const patched = yield* patch(path, "strategic-merge-patch+json", { status: { conditions: [condition] } })
      const types = listAt(patched.body, "status", "conditions").map((item) => textAt(item, "type"))
      assert.deepStrictEqual(types, ["Ready", "Ptp"])
    }).pipe(Effect.provide(server())))

  it.effect("tells what it serves, with kinds that came a moment ago", () =>
    Effect.gen(function*() {
      assert.notInclude(groups((yield* call("GET", "/apis")).body), "ptp.openshift.io")
      yield* install
      assert.include(groups((yield* call("GET", "/apis")).body), "ptp.openshift.io")
      const resources = listAt((yield* call("GET", "/apis/ptp.openshift.io/v1")).body, "resources")
      assert.deepStrictEqual(resources.map((resource) => textAt(resource, "name")), [
        "nodeptpcfgs",
        "nodeptpdevs",
        "nodeptpdevs/status"
      ])
      assert.deepStrictEqual(
        [textsAt(resources[0], "shortNames"), textsAt(resources[0], "categories")],
        [["ptpcfg"], ["ptp"]]
      )
      const openapi = yield* call("GET", "/openapi/v3/apis/ptp.openshift.io/v1")
      const schema = at(openapi.body, "components", "schemas", "io.openshift.ptp.v1.NodePTPCfg", "properties", "spec")
      assert.strictEqual(textAt(schema, "type"), "object")
      for (
        const path of ["/version", "/healthz", "/livez", "/readyz", "/api", "/api/v1", "/openapi/v2", "/openapi/v3"]
      ) {
        assert.deepStrictEqual([path, (yield* call("GET", path)).status], [path, 200])
      }
    }).pipe(Effect.provide(server())))

  it.effect("allows everything, also when it is asked in protobuf", () =>
    Effect.gen(function*() {
      const body = new Uint8Array([0x6b, 0x38, 0x73, 0x00, 0x0a, 0x00])
      const answer = yield* call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body, {
        "content-type": "application/vnd.kubernetes.protobuf"
      })
      assert.deepStrictEqual([answer.status, at(answer.body, "status", "allowed")], [201, true])
    }).pipe(Effect.provide(server())))
})
