/** What the daemon reads of its own Node: only name and labels, as PartialObjectMetadata. */
import type { KubernetesObject, ResourceType } from "./KubernetesObject.ts"

export const nodes: ResourceType = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false }

/** The properties of this node by which profiles are selected. */
export interface NodeIdentity {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** A Node that does not exist (yet) has no labels. Rules with a nodeName still match it. */
export const nodeIdentity = (name: string, node: KubernetesObject | undefined): NodeIdentity => ({
  name,
  labels: node?.metadata.labels ?? {}
})
