/**
 * Whether a status still speaks for its node. A daemon that was killed, or whose node died, can't take its status back,
 * so readers join it with the readiness of the daemon's pod and of the Node. Pure.
 */
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import type { NodePTPDevStatus } from "../kubernetes/NodePTPDev.ts"
import { whyNotReady } from "../kubernetes/Readiness.ts"

export type Freshness =
  | { readonly _tag: "Current" }
  /** The daemon was stopped in order, at this time. */
  | { readonly _tag: "Stopped"; readonly at: string }
  /** The daemon cannot be believed any more. */
  | { readonly _tag: "Stale"; readonly reason: string }
  /** The reader may see neither the Node nor the pod. */
  | { readonly _tag: "Unknown" }

/** What the reader sees of the cluster, by name; undefined: it may not see this kind. */
export interface Witnesses {
  readonly nodes: ReadonlyMap<string, KubernetesObject> | undefined
  readonly pods: ReadonlyMap<string, KubernetesObject> | undefined
}

/** How fresh the status of this node is. */
export const freshnessOf = (
  node: string,
  { daemon }: Pick<NodePTPDevStatus, "daemon">,
  { nodes, pods }: Witnesses
): Freshness => {
  if (daemon?.stoppedAt !== undefined) return { _tag: "Stopped", at: daemon.stoppedAt }
  // Without the name of a pod, as from an older daemon or outside of a cluster, the Node counts alone.
  const pod = daemon?.pod
  const reason = missingOrNotReady("Node", node, nodes) ??
    (pod === undefined ? undefined : missingOrNotReady("Pod", pod, pods))
  if (reason !== undefined) return { _tag: "Stale", reason }
  const isSeen = nodes !== undefined || (pods !== undefined && pod !== undefined)
  return isSeen ? { _tag: "Current" } : { _tag: "Unknown" }
}

const missingOrNotReady = (
  kind: string,
  name: string,
  objects: ReadonlyMap<string, KubernetesObject> | undefined
): string | undefined => {
  if (objects === undefined) return undefined
  const object = objects.get(name)
  if (object === undefined) return `${kind} ${name} is gone`
  const reason = whyNotReady(object)
  return reason === undefined ? undefined : `${kind} ${name} is not ready (${reason})`
}
