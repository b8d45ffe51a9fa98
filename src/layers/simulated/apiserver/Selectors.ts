/**
 * Label and field selectors of list, watch and deletecollection: turns their text into a predicate, with Kubernetes'
 * rules (Kubernetes concepts: labels and selectors, field selectors).
 */
import { Result } from "effect"
import { type ApiStatusError, badRequest } from "./ApiStatusError.ts"
import { at, type Json, type JsonObject } from "./JsonTree.ts"
import type { ServedKind } from "./ServedKind.ts"

export type Predicate = (object: JsonObject) => boolean

/** Selects every object. */
const everything: Predicate = () => true

const requirement = /^(!)?\s*([A-Za-z0-9./_-]+)\s*(?:(==|=|!=|>|<)\s*([A-Za-z0-9._-]*)|\s(in|notin)\s*\(([^()]*)\))?$/

/** Reads `a=b,c!=d,e in (f,g),!h,i>5`. A label that is absent fulfils `!=` and `notin`. */
export const parseLabelSelector = (text: string): Result.Result<Predicate, ApiStatusError> => {
  if (text.trim() === "") return Result.succeed(everything)
  const requirements: Array<Predicate> = []
  // Commas inside of parentheses separate values, not requirements.
  for (const part of text.split(/,(?![^(]*\))/)) {
    const found = requirement.exec(part.trim())
    if (found === null) return Result.fail(badRequest(whyNoRequirement(part.trim())))
    requirements.push(labelRequirement(found))
  }
  return Result.succeed((object) => requirements.every((holds) => holds(object)))
}

/** The message of k8s.io/apimachinery's parser about the token at which it gives up (pkg/labels/selector.go). */
const whyNoRequirement = (part: string): string => {
  const [, operator] = /^(==|=|!=|>|<|\(|\))/.exec(part) ?? []
  if (operator !== undefined) return `found '${operator}', expected: !, identifier, or 'end of string'`
  const [, token = ""] = /^!?\s*[A-Za-z0-9./_-]+\s*([^\s()=!<>]+|[=!<>]+|[()])?/.exec(part) ?? []
  return `unable to parse requirement: found '${token}', expected: in, notin, =, ==, !=, gt, lt`
}

const labelRequirement = (found: RegExpExecArray): Predicate => {
  const [, not, key = "", equality, value, membership, members] = found
  const label = (object: JsonObject): Json | undefined => at(object, "metadata", "labels", key)
  if (membership !== undefined) {
    const values = (members ?? "").split(",").map((member) => member.trim())
    const isMember = (object: JsonObject): boolean => values.some((member) => member === label(object))
    return membership === "in" ? isMember : (object) => !isMember(object)
  }
  if (equality === ">" || equality === "<") return (object) => isBeyond(label(object), equality, Number(value))
  if (equality === "!=") return (object) => label(object) !== value
  if (equality !== undefined) return (object) => label(object) === value
  return not === undefined ? (object) => label(object) !== undefined : (object) => label(object) === undefined
}

const isBeyond = (label: Json | undefined, operator: ">" | "<", limit: number): boolean => {
  if (typeof label !== "string" || !/^-?\d+$/.test(label)) return false
  return operator === ">" ? Number(label) > limit : Number(label) < limit
}

/** The only name that matches a field selector, if there is one. */
export const selectedName = (fieldSelector: string): string | undefined =>
  /(?:^|,)\s*metadata\.name==?([^,=!]+?)\s*(?:,|$)/.exec(fieldSelector)?.[1]

/** Reads `metadata.name=a,status.phase!=b`. Only fields that the kind declares as selectable may be used. */
export const parseFieldSelector = (kind: ServedKind, text: string): Result.Result<Predicate, ApiStatusError> => {
  if (text.trim() === "") return Result.succeed(everything)
  const known = new Set(["metadata.name", "metadata.namespace", ...kind.selectableFields])
  const requirements: Array<Predicate> = []
  for (const part of text.split(",")) {
    const found = /^([^=!]+)(==|=|!=)(.*)$/.exec(part.trim())
    const [, field = "", operator, value = ""] = found ?? []
    if (found === null) {
      return Result.fail(badRequest(`invalid selector: '${text}'; can't understand '${part.trim()}'`))
    }
    if (!known.has(field)) return Result.fail(badRequest(`field label not supported: ${field}`))
    const path = field.split(".")
    const actual = (object: JsonObject): string => String(at(object, ...path) ?? "")
    requirements.push((object) => (actual(object) === value) === (operator !== "!="))
  }
  return Result.succeed((object) => requirements.every((holds) => holds(object)))
}
