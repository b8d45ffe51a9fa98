/** Objects over HTTP: create, read, replace, patch and delete, and what they mean to metadata. */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { at, listAt, objectAt, textAt } from "../../src/layers/kubernetes/embedded/JsonTree.ts"
import { call, patch } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { cfg, workspace } from "./Workspace.ts"

export const objectsContract = (it: ContractTests) =>
  describe("objects over HTTP", () => {
    it.effect("creates with 201, refuses the name twice, and reads what it stored", () =>
      Effect.gen(function*() {
        const { cfgs, namespace } = yield* workspace
        const created = yield* call("POST", cfgs, cfg("a"))
        assert.strictEqual(created.status, 201)
        assert.strictEqual(at(created.body, "metadata", "generation"), 1)
        assert.strictEqual(textAt(created.body, "metadata", "namespace"), namespace)
        const twice = yield* call("POST", cfgs, cfg("a"))
        assert.deepStrictEqual([twice.status, textAt(twice.body, "reason"), textAt(twice.body, "message")], [
          409,
          "AlreadyExists",
          "nodeptpcfgs.ptp.openshift.io \"a\" already exists"
        ])
        const read = yield* call("GET", `${cfgs}/a`)
        assert.deepStrictEqual(read.body, created.body)
        const missing = yield* call("GET", `${cfgs}/b`)
        assert.deepStrictEqual([missing.status, textAt(missing.body, "message")], [
          404,
          "nodeptpcfgs.ptp.openshift.io \"b\" not found"
        ])
      }))
  })
