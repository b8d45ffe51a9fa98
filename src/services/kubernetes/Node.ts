/** The one thing the daemon reads of its own Node: name and labels, as PartialObjectMetadata. */
import type { KubernetesObject, ResourceType } from "./KubernetesObject.ts"

export const nodes: ResourceType = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false }

/** Who this node is to profile selection. */
export interface NodeIdentity {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** A Node that is not there (yet) has no labels: nodeName rules match all the same. */
export const nodeIdentity = (name: string, node: KubernetesObject | undefined): NodeIdentity => ({
  name,
  labels: node?.metadata.labels ?? {}
})
