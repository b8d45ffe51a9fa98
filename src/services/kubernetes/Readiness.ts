/** The condition `Ready` of Nodes and Pods, which readers of a status need. The daemon itself reads neither. */
import { Option, Schema } from "effect"
import type { KubernetesObject, ResourceType } from "./KubernetesObject.ts"

export const pods: ResourceType = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true }

const Conditions = Schema.Struct({
  conditions: Schema.Array(Schema.Struct({
    type: Schema.String,
    status: Schema.String,
    reason: Schema.optionalKey(Schema.NullOr(Schema.String))
  }))
})
const decode = Schema.decodeUnknownOption(Conditions)

/** Undefined if the object is ready; otherwise why it is not, in a word where there is one. */
export const whyNotReady = (object: KubernetesObject): string | undefined => {
  const conditions = Option.match(decode(object["status"]), { onNone: () => [], onSome: (status) => status.conditions })
  const ready = conditions.find(({ type }) => type === "Ready")
  if (ready?.status === "True") return undefined
  return ready?.reason ?? "it has not said so"
}
