/**
 * Whether an object keeps the rules of its schema (x-kubernetes-validations), as kube-apiserver says it
 * (k8s.io/apiextensions-apiserver pkg/apiserver/schema/cel/validation.go). It has no cost budget: a definition that
 * takes too long is refused by a real server alone.
 */
import { Optional } from "@marcbachmann/cel-js"
import { Equal, Result } from "effect"
import type { FieldCause } from "./ApiStatusError.ts"
import type { CelTypes } from "./CelTypes.ts"
import { type Before, fieldBefore, itemBefore } from "./Correlation.ts"
import { isList, isObject, type Json, type JsonObject, textAt } from "./JsonTree.ts"
import { type CompiledRules, compileRules, type RuledSchema, type ValidationRule } from "./ValidationRules.ts"

export interface RuleVerdict {
  readonly causes: ReadonlyArray<FieldCause>
  /** Rules that were broken before and by something that the update does not change: told, not refused. */
  readonly ratcheted: ReadonlyArray<FieldCause>
}

interface Place {
  readonly path: string
  readonly value: Json
  readonly before: Before
  /** The update leaves the value, or something around it, as it was. */
  readonly isUnchanged: boolean
}

interface Broken {
  readonly cause: FieldCause
  readonly isRatcheted: boolean
}

/** Longest text that a messageExpression may give; beyond it the message counts. */
const maximumMessageLength = 5 * 1024

/** Evaluates the rules on an object; `before` is what an update replaces. */
export const evaluateRules = (rules: CompiledRules, object: JsonObject, before: Before): RuleVerdict => {
  const broken = rules.root === undefined
    ? []
    : brokenRules(rules.types, rules.root, { path: "", value: object, before, isUnchanged: false })
  return {
    causes: broken.filter(({ isRatcheted }) => !isRatcheted).map(({ cause }) => cause),
    ratcheted: broken.filter(({ isRatcheted }) => isRatcheted).map(({ cause }) => cause)
  }
}

const brokenRules = (types: CelTypes, ruled: RuledSchema, place: Place): ReadonlyArray<Broken> => {
  const { before, path, value } = place
  if (value === null) return []
  const isUnchanged = place.isUnchanged || (before !== undefined && Equal.equals(before, value))
  const own = ownBroken(types, ruled, { ...place, isUnchanged })
  if (isList(value)) {
    const { elements } = ruled
    if (elements === undefined) return own
    return own.concat(value.flatMap((item, index) =>
      brokenRules(types, elements, {
        path: `${path}[${index}]`,
        value: item,
        before: itemBefore(ruled.schema, before, item),
        isUnchanged
      })
    ))
  }
  if (!isObject(value)) return own
  return own.concat(
    Object.entries(value).flatMap(([key, field]) => {
      const property = ruled.properties.get(key)
      const below = property ?? ruled.elements
      if (below === undefined) return []
      const inner = property === undefined ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`
      return brokenRules(types, below, { path: inner, value: field, before: fieldBefore(before, key), isUnchanged })
    })
  )
}

const ownBroken = (
  types: CelTypes,
  ruled: RuledSchema,
  { before, isUnchanged, path, value }: Place
): ReadonlyArray<Broken> => {
  if (ruled.rules.length === 0) return []
  const self = types.valueOf(ruled.schema, value)
  return ruled.rules.flatMap((rule): ReadonlyArray<Broken> => {
    if (rule.usesOldSelf && !rule.isOldSelfOptional && before === undefined) return []
    const cause = brokenRule(rule, ruled.schema, path, value, variablesOf(types, ruled.schema, rule, self, before))
    return cause === undefined ? [] : [{ cause, isRatcheted: isUnchanged && !rule.usesOldSelf }]
  })
}

const variablesOf = (types: CelTypes, schema: JsonObject, rule: ValidationRule, self: unknown, before: Before) => {
  const oldSelf = before === undefined ? undefined : types.valueOf(schema, before)
  if (rule.isOldSelfOptional) return { self, oldSelf: oldSelf === undefined ? Optional.none() : Optional.of(oldSelf) }
  return oldSelf === undefined ? { self } : { self, oldSelf }
}

const brokenRule = (
  rule: ValidationRule,
  schema: JsonObject,
  path: string,
  value: Json,
  variables: Readonly<Record<string, unknown>>
): FieldCause | undefined => {
  const holds = rule.holds(variables)
  if (Result.isFailure(holds)) {
    const type = textAt(schema, "type") || "object"
    const message = `Invalid value: "${type}": ${holds.failure} evaluating rule: ${
      rule.message.replace(/^failed rule: /, "")
    }`
    return { reason: "FieldValueInvalid", field: path, message }
  }
  if (holds.success === true) return undefined
  const field = rule.fieldPath === "" ? path : `${path}.${rule.fieldPath}`
  return { reason: rule.reason, field, message: sentence(rule, rule.fieldPath === "" ? value : null, variables) }
}

/** The sentence with kube-apiserver's words for the reason in front; only scalars are shown. */
const sentence = (rule: ValidationRule, value: Json, variables: Readonly<Record<string, unknown>>): string => {
  const message = messageOf(rule, variables)
  const isShown = value !== null && typeof value !== "object"
  const shown = isShown ? `: ${JSON.stringify(value)}` : ""
  switch (rule.reason) {
    case "FieldValueRequired":
      return `Required value: ${message}`
    case "FieldValueForbidden":
      return `Forbidden: ${message}`
    case "FieldValueDuplicate":
      return `Duplicate value${shown}`
    default:
      return `Invalid value${shown}: ${message}`
  }
}

const messageOf = (rule: ValidationRule, variables: Readonly<Record<string, unknown>>): string => {
  if (rule.messageExpression === undefined) return rule.message
  const given = Result.getOrUndefined(rule.messageExpression(variables))
  const isUsable = typeof given === "string" && given.trim() !== "" && !given.includes("\n") &&
    given.length <= maximumMessageLength
  return isUsable ? given.trim() : rule.message
}

// A schema is an immutable part of a stored definition.
const compiled = new WeakMap<JsonObject, CompiledRules>()

/** The compiled rules of a schema that was found valid when its definition was stored. */
export const rulesOf = (schema: JsonObject): CompiledRules => {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const rules = compileRules(schema, "")
  compiled.set(schema, rules)
  return rules
}
