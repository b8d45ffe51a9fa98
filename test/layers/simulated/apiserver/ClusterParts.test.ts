/**
 * What other parts of a cluster do, and the embedded server does itself: nodes without kubelets, namespaces without
 * their controller. A kube-apiserver alone does none of it.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { listAt, textAt } from "../../../../src/layers/simulated/apiserver/JsonTree.ts"
import { seedNode } from "../../../../src/layers/simulated/apiserver/SeedNode.ts"
import { call } from "../../../contract/ApiClient.ts"
import { cfg } from "../../../contract/Workspace.ts"
import { server } from "./EmbeddedServerUnderTest.ts"
import { cfgs, install } from "./PtpNamespace.ts"

const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" }

describe("parts of a cluster in the embedded server", () => {
  it.effect("nodes are there and ready", () =>
    Effect.gen(function*() {
      yield* seedNode("worker-1", { "node-role.kubernetes.io/worker": "" })
      const list = yield* call("GET", "/api/v1/nodes", undefined, table)
      assert.deepStrictEqual(listAt(list.body, "columnDefinitions").map((column) => textAt(column, "name")), [
        "Name",
        "Status",
        "Roles",
        "Age",
        "Version"
      ])
      assert.deepStrictEqual(listAt(list.body, "rows").map((row) => listAt(row, "cells")), [
        ["worker-1", "Ready", "worker", "0s", "v1.32.0"]
      ])
    }).pipe(Effect.provide(server())))

  it.effect("a namespace goes with everything in it", () =>
    Effect.gen(function*() {
      yield* install
      yield* call("POST", cfgs, cfg("a"))
      const deleted = yield* call("DELETE", "/api/v1/namespaces/ptp", { propagationPolicy: "Background" })
      assert.strictEqual(textAt(deleted.body, "status"), "Success")
      assert.deepStrictEqual((yield* call("GET", "/apis/ptp.openshift.io/v1/nodeptpcfgs")).body["items"], [])
    }).pipe(Effect.provide(server())))

  it.effect("a definition is served at once", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* call("GET", cfgs)).status, 404)
      yield* install
      assert.deepStrictEqual((yield* call("GET", cfgs)).body["items"], [])
    }).pipe(Effect.provide(server())))
})
