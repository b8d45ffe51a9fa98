/**
 * The rules of a structural schema (x-kubernetes-validations): what each says, compiled, beside the part of the
 * schema that it is about; and what makes one unacceptable when its definition is stored
 * (k8s.io/apiextensions-apiserver pkg/apiserver/schema/cel and pkg/apis/apiextensions/validation).
 */
import { Result } from "effect"
import type { FieldCause } from "./ApiStatusError.ts"
import { type CelProgram, type CelScope, compileCel } from "./CelProgram.ts"
import { type CelTypes, celTypes, withTypeAndObjectMeta } from "./CelTypes.ts"
import { at, isObject, type Json, type JsonObject, listAt, objectAt, textAt } from "./JsonTree.ts"
import { expressionFault, needlessOptionFault, uncorrelatedFault, writingFaults } from "./RuleFaults.ts"
import { parseRulePath } from "./RulePath.ts"

export interface ValidationRule {
  readonly holds: CelProgram
  /** What is said of an object that breaks the rule. */
  readonly message: string
  readonly messageExpression: CelProgram | undefined
  /** Where it is said, below the value that the rule is about; empty for that value. */
  readonly fieldPath: string
  /** FieldValueInvalid, FieldValueForbidden, FieldValueRequired or FieldValueDuplicate. */
  readonly reason: string
  /** Compares with the value before the update. */
  readonly usesOldSelf: boolean
  /** Such a rule also holds where there is no value before: `oldSelf` is an optional then. */
  readonly isOldSelfOptional: boolean
}

/** A part of a schema with rules, of its own or below. */
export interface RuledSchema {
  readonly schema: JsonObject
  readonly rules: ReadonlyArray<ValidationRule>
  readonly properties: ReadonlyMap<string, RuledSchema>
  /** Of a list's items, or of a map's values. */
  readonly elements: RuledSchema | undefined
}

export interface CompiledRules {
  readonly types: CelTypes
  /** Nothing when the schema has no rules. */
  readonly root: RuledSchema | undefined
  readonly faults: ReadonlyArray<FieldCause>
}

interface Compilation {
  readonly types: CelTypes
  readonly faults: Array<FieldCause>
}

interface Place {
  /** As kube-apiserver names parts of schemas. */
  readonly path: string
  /** The list above whose items cannot be told from each other over an update. */
  readonly uncorrelatable: string | undefined
}

/** Compiles the rules of a resource's schema, which stands at `path` in its definition. */
export const compileRules = (schema: JsonObject, path: string): CompiledRules => {
  const compilation: Compilation = { types: celTypes(), faults: [] }
  const resource = withTypeAndObjectMeta(schema)
  declare(compilation.types, resource)
  const root = ruled(compilation, resource, { path, uncorrelatable: undefined })
  return { types: compilation.types, root, faults: compilation.faults }
}

/** Declares every type there is: once a rule has its own variables, the types are fixed. */
const declare = (types: CelTypes, schema: JsonObject): void => {
  types.nameOf(schema)
  const parts = [...Object.values(objectAt(schema, "properties")), schema["items"], schema["additionalProperties"]]
  for (const part of parts) if (isObject(part)) declare(types, part)
}

const ruled = (compilation: Compilation, schema: JsonObject, place: Place): RuledSchema | undefined => {
  const rules = listAt(schema, "x-kubernetes-validations").flatMap((rule, index) =>
    compiledRule(compilation, schema, rule, { ...place, path: `${place.path}.x-kubernetes-validations[${index}]` })
  )
  const properties = Object.entries(objectAt(schema, "properties")).flatMap(([name, property]) => {
    const below = isObject(property)
      ? ruled(compilation, property, { ...place, path: `${place.path}.properties[${name}]` })
      : undefined
    return below === undefined ? [] : [[name, below] as const]
  })
  const isList = textAt(schema, "type") === "array"
  const part = isList ? "items" : "additionalProperties"
  const elements = schema[part]
  const uncorrelatable = isList && textAt(schema, "x-kubernetes-list-type") !== "map"
    ? place.uncorrelatable ?? place.path
    : place.uncorrelatable
  const below = isObject(elements)
    ? ruled(compilation, elements, { path: `${place.path}.${part}`, uncorrelatable })
    : undefined
  if (rules.length === 0 && properties.length === 0 && below === undefined) return undefined
  return { schema, rules, properties: new Map(properties), elements: below }
}

const compiledRule = (
  compilation: Compilation,
  schema: JsonObject,
  rule: Json,
  place: Place
): ReadonlyArray<ValidationRule> => {
  const { faults, types } = compilation
  const source = textAt(rule, "rule")
  const usesOldSelf = /\boldSelf\b/.test(source)
  const isOldSelfOptional = at(rule, "optionalOldSelf") === true
  faults.push(...writingFaults(schema, rule, place.path))
  if (usesOldSelf && place.uncorrelatable !== undefined) {
    faults.push(uncorrelatedFault(rule, place.path, place.uncorrelatable))
  }
  if (isOldSelfOptional && !usesOldSelf) faults.push(needlessOptionFault(place.path))
  if (source.trim() === "") return []
  const scope = scopeOf(types, schema, isOldSelfOptional)
  const compiled = (field: string, expression: string, type: "bool" | "string"): CelProgram | undefined => {
    const program = scope === undefined
      ? Result.fail("the schema has no type that a rule could be about")
      : compileCel(scope, expression, type)
    if (Result.isSuccess(program)) return program.success
    const why = type === "bool" ? program.failure : `messageExpression ${program.failure}`
    faults.push(expressionFault(rule, `${place.path}.${field}`, why))
    return undefined
  }
  const holds = compiled("rule", source, "bool")
  const messageExpression = textAt(rule, "messageExpression")
  const rest = {
    message: textAt(rule, "message").trim() || `failed rule: ${source.trim()}`,
    messageExpression: messageExpression === ""
      ? undefined
      : compiled("messageExpression", messageExpression, "string"),
    fieldPath: parseRulePath(schema, textAt(rule, "fieldPath")) ?? "",
    reason: textAt(rule, "reason") || "FieldValueInvalid",
    usesOldSelf,
    isOldSelfOptional
  }
  return holds === undefined ? [] : [{ holds, ...rest }]
}

const scopeOf = (types: CelTypes, schema: JsonObject, isOldSelfOptional: boolean): CelScope | undefined => {
  const type = types.nameOf(schema)
  if (type === undefined) return undefined
  const environment = types.environment.clone().registerVariable("self", type)
    .registerVariable("oldSelf", isOldSelfOptional ? `optional<${type}>` : type)
  return { environment, schema, isOldSelfOptional }
}
