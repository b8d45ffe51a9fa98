import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { at, type JsonObject, listAt } from "../../../../src/layers/simulated/apiserver/JsonTree.ts"
import { call } from "../../../contract/ApiClient.ts"
import { dev } from "../../../contract/Workspace.ts"
import { server } from "./EmbeddedServerUnderTest.ts"
import { devs, install } from "./PtpNamespace.ts"

const group = "/apis/admissionregistration.k8s.io/v1"

const policy: JsonObject = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicy",
  metadata: { name: "nobody" },
  spec: {
    matchConstraints: {
      resourceRules: [
        { apiGroups: ["*"], apiVersions: ["*"], resources: ["*"], operations: ["CREATE", "UPDATE"] }
      ]
    },
    validations: [{ expression: "false", message: "nobody writes" }]
  }
}

const binding: JsonObject = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicyBinding",
  metadata: { name: "nobody" },
  spec: { policyName: "nobody", validationActions: ["Deny"] }
}

const rows = Effect.fn("rows")(function*(plural: string) {
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
  const { body } = yield* call("GET", `${group}/${plural}`, undefined, { accept })
  return [
    listAt(body, "columnDefinitions").map((column) => at(column, "name")),
    ...listAt(body, "rows").map((row) => listAt(row, "cells").slice(0, -1))
  ]
})

describe("admission policies", () => {
  it.effect("are kept and shown with kube-apiserver's columns", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* call("POST", `${group}/validatingadmissionpolicies`, policy)).status, 201)
      assert.strictEqual((yield* call("POST", `${group}/validatingadmissionpolicybindings`, binding)).status, 201)
      assert.deepStrictEqual(yield* rows("validatingadmissionpolicies"), [
        ["Name", "Validations", "ParamKind", "Age"],
        ["nobody", 1, "<unset>"]
      ])
      assert.deepStrictEqual(yield* rows("validatingadmissionpolicybindings"), [
        ["Name", "PolicyName", "ParamRef", "Age"],
        ["nobody", "nobody", "<unset>"]
      ])
    }).pipe(Effect.provide(server())))

  it.effect("are not enforced: nobody is authenticated here", () =>
    Effect.gen(function*() {
      yield* install
      yield* call("POST", `${group}/validatingadmissionpolicies`, policy)
      yield* call("POST", `${group}/validatingadmissionpolicybindings`, binding)
      assert.strictEqual((yield* call("POST", devs, dev("worker-1"))).status, 201)
    }).pipe(Effect.provide(server())))
})
