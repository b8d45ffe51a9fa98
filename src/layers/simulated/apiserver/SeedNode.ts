/** Creates Nodes in the store, for the demo and tests. In a real cluster kubelets create them. */
import { Effect } from "effect"
import { nodes } from "../../../services/kubernetes/Node.ts"
import type { ApiStatusError } from "./ApiStatusError.ts"
import type { JsonObject } from "./JsonTree.ts"
import { ObjectStore } from "./ObjectStore.ts"
import { timestamp } from "./Timestamp.ts"

/** Creates a ready Node with these labels. Fails with AlreadyExists if there is one with this name. */
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
