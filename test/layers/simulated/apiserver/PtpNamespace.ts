/** The project's namespace and kinds on an embedded server that a test has for itself. */
import { Effect } from "effect"
import { ObjectStore } from "../../../../src/layers/simulated/apiserver/ObjectStore.ts"
import { call } from "../../../contract/ApiClient.ts"
import { crds, manifest } from "../../../contract/Workspace.ts"

export const cfgs = "/apis/ptp.openshift.io/v1/namespaces/ptp/nodeptpcfgs"
export const devs = "/apis/ptp.openshift.io/v1/namespaces/ptp/nodeptpdevs"

/** Namespace and CRDs from the project's manifests. */
export const install = Effect.gen(function*() {
  for (const namespace of manifest("00-ns.yaml")) yield* call("POST", "/api/v1/namespaces", namespace)
  for (const definition of manifest("01-crd.yaml")) yield* call("POST", crds, definition)
})

/** Waits until the server has so many watches under way: a response's headers come a moment before. */
export const untilOpenWatches = Effect.fn("untilOpenWatches")(function*(count: number) {
  const store = yield* ObjectStore
  yield* Effect.yieldNow.pipe(Effect.repeat({ until: () => Effect.map(store.openWatches, (open) => open === count) }))
})
