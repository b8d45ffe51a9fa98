/** Whether a recommendation matches a node. ProfileSelection uses it; labels and name come from the Node object. */
import type { NodeIdentity } from "../kubernetes/Node.ts"
import type { MatchRule, Recommendation } from "../kubernetes/NodePTPCfg.ts"

/**
 * The first rule that matches `node`, as text for people: `nodeName worker-1` or `nodeLabel key=value`. In a rule,
 * nodeName is checked before nodeLabel. Undefined if no rule matches.
 */
export const matchedBy = (recommendation: Recommendation, node: NodeIdentity): string | undefined => {
  for (const rule of recommendation.match ?? []) {
    const name = rule.nodeName?.trim()
    if (name === node.name) return `nodeName ${name}`
    const label = rule.nodeLabel?.trim()
    if (label !== undefined && hasLabel(node, label)) return `nodeLabel ${label}`
  }
  return undefined
}

/** `key=value` asks for this value, `key=` for an empty one, `key` alone for any value. */
const hasLabel = (node: NodeIdentity, label: string): boolean => {
  const [key, value] = splitLabel(label)
  return Object.hasOwn(node.labels, key) && (value === undefined || node.labels[key] === value)
}

const splitLabel = (label: string): readonly [key: string, value: string | undefined] => {
  const at = label.indexOf("=")
  return at < 0 ? [label, undefined] : [label.slice(0, at).trim(), label.slice(at + 1).trim()]
}

/** Rules that can never match a node: their path below the recommendation, and the reason. */
export const deadRules = (
  recommendation: Recommendation
): ReadonlyArray<{ readonly path: string; readonly message: string }> => {
  const rules = recommendation.match ?? []
  if (rules.length === 0) return [{ path: "match", message: "is empty and matches no node" }]
  return rules.flatMap((rule, index) => {
    const message = whyDead(rule)
    return message === undefined ? [] : [{ path: `match[${index}]`, message }]
  })
}

const whyDead = (rule: MatchRule): string | undefined => {
  if (rule.nodeName !== undefined) return undefined
  if (rule.nodeLabel === undefined) return "has neither nodeName nor nodeLabel and matches no node"
  return splitLabel(rule.nodeLabel.trim())[0] === "" ? "has a nodeLabel without a key and matches no node" : undefined
}
