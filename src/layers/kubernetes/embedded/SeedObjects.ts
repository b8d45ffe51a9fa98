/**
 * Puts objects into the store that nobody creates through the API: the nodes of a demo, as kubelets would, and the
 * namespaces that a cluster is born with.
 */
import { Effect } from "effect"
import { nodes } from "../../../services/kubernetes/Node.ts"
import type { ApiStatusError } from "./ApiStatusError.ts"
import { namespaces } from "./BuiltInKinds.ts"
import type { JsonObject } from "./JsonTree.ts"
import { ObjectStore } from "./ObjectStore.ts"
import { timestamp } from "./Timestamp.ts"

/** Creates a ready Node with the labels; AlreadyExists when there is one of the name. */
export const seedNode = Effect.fn("seedNode")(function*(
  name: string,
  labels: Readonly<Record<string, string>>
): Effect.fn.Return<JsonObject, ApiStatusError, ObjectStore> {
  const store = yield* ObjectStore
  const time = yield* timestamp
  const ready = {
    type: "Ready",
    status: "True",
    reason: "KubeletReady",
    message: "simulated node",
    lastHeartbeatTime: time,
    lastTransitionTime: time
  }
  return yield* store.create(nodes, {
    metadata: { name, labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", ...labels } },
    spec: {},
    status: { conditions: [ready], nodeInfo: { kubeletVersion: "v1.32.0" } }
  }, { dryRun: false })
})

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
