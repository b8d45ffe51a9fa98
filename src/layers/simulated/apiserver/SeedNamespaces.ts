/** Creates the namespaces that every new cluster has. EmbeddedApiServer calls it for its own store. */
import { Effect } from "effect"
import { namespaces } from "./BuiltInKinds.ts"
import { ObjectStore } from "./ObjectStore.ts"

/** The namespaces of a new cluster; kubectl works in `default` unless told otherwise. */
export const seedNamespaces = Effect.gen(function*() {
  const store = yield* ObjectStore
  yield* Effect.forEach(["default", "kube-system"], (name) =>
    store.create(namespaces, {
      metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" }
    }, { dryRun: false }))
})
