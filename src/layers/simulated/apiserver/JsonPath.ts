/**
 * The simple JSONPath that printer columns of CustomResourceDefinitions use: fields, indices, `[*]` and one equality
 * filter. Their meaning is that of k8s.io/client-go/util/jsonpath. Unions, ranges and recursion are not supported.
 */
import { Result } from "effect"
import { at, isList, isObject, type Json } from "./JsonTree.ts"

type Step =
  | { readonly _tag: "Field"; readonly name: string }
  | { readonly _tag: "Index"; readonly index: number }
  | { readonly _tag: "All" }
  | { readonly _tag: "Filter"; readonly path: ReadonlyArray<string>; readonly value: Json }

/** Finds the values that a path selects, in document order. */
export type JsonPath = (document: Json) => ReadonlyArray<Json>

const stepPattern =
  /\.((?:[A-Za-z0-9_$-]|\\.)+)|\['([^']+)'\]|\[(-?\d+)\]|\[(\*)\]|\[\?\(\s*@\.([A-Za-z0-9_.]+)\s*==\s*(?:"([^"]*)"|'([^']*)'|(true|false|-?\d+(?:\.\d+)?))\s*\)\]/y

/**
 * Parses paths such as `.status.conditions[?(@.type=="Applied")].status`. Fails with the part that it does not
 * understand.
 */
export const parseJsonPath = (text: string): Result.Result<JsonPath, string> => {
  const steps: Array<Step> = []
  let position = 0
  while (position < text.length) {
    stepPattern.lastIndex = position
    const found = stepPattern.exec(text)
    if (found === null) return Result.fail(text.slice(position))
    steps.push(step(found))
    position = stepPattern.lastIndex
  }
  return steps.length === 0 ? Result.fail(text) : Result.succeed((document) => steps.reduce(follow, [document]))
}

const step = (found: RegExpExecArray): Step => {
  const [, field, quoted, index, all, filterPath, doubleQuoted, singleQuoted, literal] = found
  const name = field?.replaceAll(/\\(.)/g, "$1") ?? quoted
  if (name !== undefined) return { _tag: "Field", name }
  if (index !== undefined) return { _tag: "Index", index: Number(index) }
  if (all !== undefined) return { _tag: "All" }
  const value = doubleQuoted ?? singleQuoted ??
    (literal === "true" ? true : literal === "false" ? false : Number(literal))
  return { _tag: "Filter", path: (filterPath ?? "").split("."), value }
}

const follow = (values: ReadonlyArray<Json>, next: Step): ReadonlyArray<Json> =>
  values.flatMap((value): ReadonlyArray<Json> => {
    switch (next._tag) {
      case "Field":
        return present(at(value, next.name))
      case "Index":
        return isList(value) ? present(value.at(next.index)) : []
      case "All":
        return isList(value) ? value : isObject(value) ? Object.values(value) : []
      case "Filter":
        return isList(value) ? value.filter((item) => at(item, ...next.path) === next.value) : []
    }
  })

const present = (value: Json | undefined): ReadonlyArray<Json> => value === undefined ? [] : [value]
