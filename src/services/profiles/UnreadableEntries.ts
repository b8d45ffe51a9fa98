/**
 * The recommendations of objects that cannot be read. They are never followed, but a person who asks why nothing runs
 * must hear that one of them matches. So each is read by itself, as far as it goes.
 */
import { Option, Predicate, Schema } from "effect"
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import type { NodeIdentity } from "../kubernetes/Node.ts"
import { MatchRule } from "../kubernetes/NodePTPCfg.ts"
import type { SkippedProfile } from "./Decision.ts"
import { matchedBy } from "./NodeMatch.ts"

const decodeRule = Schema.decodeUnknownOption(MatchRule)

/** A row for each recommendation that names its profile or matches. An object has at most as many as a readable one. */
export const skippedEntriesOf = (object: KubernetesObject, node: NodeIdentity): ReadonlyArray<SkippedProfile> =>
  listOf(object["spec"], "recommend").flatMap((entry): ReadonlyArray<SkippedProfile> => {
    const profile = Predicate.hasProperty(entry, "profile") ? entry.profile : undefined
    const name = typeof profile === "string" ? profile : ""
    const match = listOf(entry, "match").flatMap((rule) => Option.toArray(decodeRule(rule)))
    const rule = matchedBy({ profile: name, match }, node)
    const row = { config: object.metadata.name, name }
    if (rule === undefined && name === "") return []
    return rule === undefined
      ? [{ ...row, reason: "NoMatch", message: `no rule matches node ${node.name}` }]
      : [{ ...row, reason: "InvalidProfile", message: `${rule} matches, but the object is not valid` }]
  })

const listOf = (value: unknown, field: string): ReadonlyArray<unknown> => {
  const list = Predicate.hasProperty(value, field) ? value[field] : undefined
  return Array.isArray(list) ? list : []
}
