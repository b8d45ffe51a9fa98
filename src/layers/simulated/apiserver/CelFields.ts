/**
 * What the CEL library would let pass in an expression though kube-apiserver refuses it, or the other way round. The
 * library checks the fields of `self.a.b`, but not of `has(self.a)`, `self.?a` and `self["a"]`, where a typing error
 * would make a rule that never fails. And what it lacks of Kubernetes it calls an unknown variable.
 */
import type { ASTNode, SourceRange } from "@marcbachmann/cel-js"
import { escapedName } from "./CelTypes.ts"
import { isObject, type JsonObject, objectAt, textAt } from "./JsonTree.ts"

export interface ExpressionFault {
  readonly summary: string
  readonly range: SourceRange
}

/** Variables and their schemas; a variable of another type has none. */
type Scope = ReadonlyMap<string, JsonObject | undefined>

interface Read {
  /** The schema of the value, as far as it can be told. */
  readonly schema: JsonObject | undefined
  readonly faults: ReadonlyArray<ExpressionFault>
}

const nothing: Read = { schema: undefined, faults: [] }

const macros = new Set(["all", "exists", "exists_one", "map", "filter"])

/** What functions with a name of two parts begin with (k8s.io/apiserver pkg/cel/environment/base.go). */
const libraries = new Set(["sets", "strings", "math", "format", "ip", "cidr", "semver"])

const missing = (what: string, range: SourceRange): ExpressionFault => ({
  summary:
    `this API server does not have ${what} of Kubernetes' CEL, and cannot keep a rule that it could not evaluate`,
  range
})

/** Fields that are none, and parts of Kubernetes' CEL that are not here. */
export const expressionFaults = (expression: ASTNode, variables: Scope): ReadonlyArray<ExpressionFault> =>
  read(expression, variables).faults

const isObjectWithFields = (schema: JsonObject): boolean =>
  textAt(schema, "type") === "object" && !isObject(schema["additionalProperties"]) &&
  schema["x-kubernetes-int-or-string"] !== true

const read = (node: ASTNode, scope: Scope): Read => {
  switch (node.op) {
    case "value":
      return nothing
    case "id":
      return { schema: scope.get(node.args), faults: [] }
    case ".":
    case ".?":
      return field(node.args[1], node.range, read(node.args[0], scope))
    case "[]":
    case "[?]":
      return element(node.range, read(node.args[0], scope), read(node.args[1], scope))
    case "call":
      return all(node.args[1], scope)
    case "rcall":
      return call(node, scope)
    case "map":
      return all(node.args.flat(), scope)
    case "list":
    case "?:":
      return all(node.args, scope)
    case "!_":
    case "-_":
      return all([node.args], scope)
    default:
      return all(node.args, scope)
  }
}

const all = (nodes: ReadonlyArray<ASTNode>, scope: Scope): Read => ({
  schema: undefined,
  faults: nodes.flatMap((node) => read(node, scope).faults)
})

const field = (name: string, range: SourceRange, owner: Read): Read => {
  if (owner.schema === undefined) return owner
  const additional = owner.schema["additionalProperties"]
  if (isObject(additional)) return { schema: additional, faults: owner.faults }
  if (!isObjectWithFields(owner.schema)) return { ...owner, schema: undefined }
  const found = Object.entries(objectAt(owner.schema, "properties")).find(([property]) =>
    escapedName(property) === name
  )
  const schema = found?.[1]
  if (isObject(schema)) return { schema, faults: owner.faults }
  return { schema: undefined, faults: [...owner.faults, { summary: `undefined field '${name}'`, range }] }
}

const element = (range: SourceRange, owner: Read, index: Read): Read => {
  const faults = [...owner.faults, ...index.faults]
  if (owner.schema === undefined) return { schema: undefined, faults }
  if (isObjectWithFields(owner.schema)) {
    const summary = "found no matching overload for '_[_]': an object's fields are named, not indexed"
    return { schema: undefined, faults: [...faults, { summary, range }] }
  }
  return { schema: elementSchema(owner.schema), faults }
}

const elementSchema = (schema: JsonObject): JsonObject | undefined => {
  const elements = textAt(schema, "type") === "array" ? schema["items"] : schema["additionalProperties"]
  return isObject(elements) ? elements : undefined
}

const call = (node: ASTNode & { readonly op: "rcall" }, scope: Scope): Read => {
  const [name, receiver, args] = node.args
  const [first, ...rest] = args
  if (receiver.op === "id" && libraries.has(receiver.args) && !scope.has(receiver.args)) {
    return { schema: undefined, faults: [missing(`the functions ${receiver.args}.*`, node.range)] }
  }
  if (first?.op === "id" && macros.has(name)) {
    if (rest[0]?.op === "id" && rest.length === 2 && name !== "map") {
      return { schema: undefined, faults: [missing(`${name}() with two variables`, node.range)] }
    }
    const owner = read(receiver, scope)
    // The macros go over the items of a list, and over the keys of a map.
    const isListOfSchema = owner.schema !== undefined && textAt(owner.schema, "type") === "array"
    const item = isListOfSchema && owner.schema !== undefined ? elementSchema(owner.schema) : undefined
    const inner = all(rest, new Map([...scope, [first.args, item]]))
    return { schema: name === "filter" ? owner.schema : undefined, faults: [...owner.faults, ...inner.faults] }
  }
  if (first?.op === "id" && name === "bind" && receiver.op === "id" && receiver.args === "cel") {
    const [value, ...body] = rest
    const bound = value === undefined ? nothing : read(value, scope)
    const inner = all(body, new Map([...scope, [first.args, bound.schema]]))
    return { schema: undefined, faults: [...bound.faults, ...inner.faults] }
  }
  return all([receiver, ...args], scope)
}
