import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readDeployedKinds } from "../../../../src/programs/cli/demo/CreateManifests.ts"

describe("what the demo's cluster begins with", () => {
  it.effect("is the namespace and the two kinds of deploy/, wherever the demo is started", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        (yield* readDeployedKinds).map(({ kind, metadata }) => `${kind} ${metadata["name"]}`),
        [
          "Namespace ptp",
          "CustomResourceDefinition nodeptpcfgs.ptp.openshift.io",
          "CustomResourceDefinition nodeptpdevs.ptp.openshift.io"
        ]
      )
    }).pipe(Effect.provide(NodeServices.layer)))
})
