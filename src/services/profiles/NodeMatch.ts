/** Whether a recommendation matches a node. ProfileSelection uses it; labels and name come from the Node object. */
import { showValue } from "../kubernetes/FieldProblems.ts"
import type { NodeIdentity } from "../kubernetes/Node.ts"
import type { Recommendation } from "../kubernetes/NodePTPCfg.ts"

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
export const deadRules = (recommendation: Recommendation): ReadonlyArray<DeadRule> => {
  const rules = recommendation.match ?? []
  if (rules.length === 0) return [{ path: "match", message: "is empty and matches no node" }]
  return rules.flatMap((rule, index) => {
    if (rule.nodeName === undefined && rule.nodeLabel === undefined) {
      return [{ path: `match[${index}]`, message: "has neither nodeName nor nodeLabel and matches no node" }]
    }
    return dead(`match[${index}].nodeName`, rule.nodeName?.trim(), whyNoName)
      .concat(dead(`match[${index}].nodeLabel`, rule.nodeLabel?.trim(), whyNoLabel))
  })
}

interface DeadRule {
  readonly path: string
  readonly message: string
}

const dead = (
  path: string,
  text: string | undefined,
  why: (text: string) => string | undefined
): ReadonlyArray<DeadRule> => {
  const reason = text === undefined ? undefined : why(text)
  return reason === undefined ? [] : [{ path, message: `${showValue(text)} matches no node: ${reason}` }]
}

// Kubernetes apimachinery, util/validation: IsDNS1123Subdomain, IsQualifiedName and IsValidLabelValue.
const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const labelWord = /^(?=.{1,63}$)[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/

const whyNoName = (name: string): string | undefined => {
  if (subdomain.test(name)) return undefined
  if (subdomain.test(name.toLowerCase())) return `names of nodes are in lower case, ${name.toLowerCase()}`
  if (/[*?]/.test(name)) return "a rule has no wildcards; nodeLabel matches several nodes"
  return /[,\s]/.test(name) ? "each node has a rule of its own" : "no node may have such a name"
}

const whyNoLabel = (label: string): string | undefined => {
  const [key, value] = splitLabel(label)
  const [prefix, name, more] = key.includes("/") ? key.split("/") : [undefined, key]
  const isKey = labelWord.test(name ?? "") && (prefix === undefined || subdomain.test(prefix)) && more === undefined
  if (isKey && (value === undefined || value === "" || labelWord.test(value))) return undefined
  if (key === "") return "it has no key; write key=value or key"
  if (/^!|!=|\s(?:not)?in[\s(]/.test(label)) return "a rule is key=value or key, and nothing else"
  if (value?.startsWith("=") === true) return `write ${unquoted(`${key}=${value.slice(1).trim()}`)}`
  if (/[*?]/.test(label)) return "a rule has no wildcards; key alone matches any value"
  if (value === undefined && label.indexOf(":") > 0) {
    const [left = "", ...right] = label.split(":")
    return `write ${unquoted(`${left.trim()}=${right.join(":").trim()}`)}`
  }
  if (unquoted(label) !== label) return `write ${unquoted(label)}`
  if (label.includes(",")) return "each label has a rule of its own"
  return `no label may have such a ${isKey ? "value" : "key"}`
}

const unquoted = (text: string): string => text.replaceAll(/["']/g, "").slice(0, 400)
