/**
 * One CEL expression of a rule, checked against the schema that it is about. What is wrong with one is told in
 * kube-apiserver's words; a function of Kubernetes that the CEL library does not have is refused, never skipped.
 */
import { type Environment, EvaluationError, ParseError, TypeError } from "@marcbachmann/cel-js"
import { Result } from "effect"
import { expressionFaults } from "./CelFields.ts"
import type { JsonObject } from "./JsonTree.ts"

/** Runs the expression. Fails with the sentence that says why it has no value. */
export type CelProgram = (variables: Readonly<Record<string, unknown>>) => Result.Result<unknown, string>

export interface CelScope {
  /** Has `self`, and `oldSelf`, as variables. */
  readonly environment: Environment
  /** The schema of `self`, which is that of `oldSelf` too. */
  readonly schema: JsonObject
  /** An optional value has no schema of its own. */
  readonly isOldSelfOptional: boolean
}

// What kube-apiserver 1.37 has beyond the library (k8s.io/apiserver pkg/cel/environment/base.go).
const kubernetesFunctions = new Set(
  ("isSorted sum min max indexOf lastIndexOf find findAll url isURL getScheme getHost getHostname getPort " +
    "getEscapedPath getQuery quantity isQuantity sign isInteger asInteger asApproximateFloat add sub isLessThan " +
    "isGreaterThan compareTo ip isIP cidr isCIDR family containsIP containsCIDR masked prefixLength named validate " +
    "semver isSemver major minor patch charAt format quote replace reverse slice flatten distinct sort sortBy range " +
    "contains equivalent intersects existsOne transformList transformMap transformMapEntry first last optMap optFlatMap")
    .split(" ")
)

/** Checks the expression; fails with what kube-apiserver says after "compilation failed: ". */
export const compileCel = (
  scope: CelScope,
  expression: string,
  type: "bool" | "string"
): Result.Result<CelProgram, string> =>
  Result.try({ try: () => scope.environment.parse(expression), catch: (cause) => fault(expression, cause) }).pipe(
    Result.flatMap((program) => {
      const variables = new Map([
        ["self", scope.schema],
        ["oldSelf", scope.isOldSelfOptional ? undefined : scope.schema]
      ])
      const [found] = expressionFaults(program.ast, variables)
      if (found !== undefined) {
        return Result.fail(`compilation failed: ${located(expression, found.summary, found.range.start)}`)
      }
      const checked = program.check()
      if (!checked.valid) return Result.fail(fault(expression, checked.error))
      if (checked.type !== type && checked.type !== "dyn") {
        return Result.fail(type === "bool" ? "cel expression must evaluate to a bool" : "must evaluate to a string")
      }
      return Result.succeed((given: Readonly<Record<string, unknown>>) =>
        Result.try({ try: (): unknown => program(given), catch: reasonOf })
      )
    })
  )

/** cel-go's way to show where in an expression something is wrong. */
const located = (expression: string, summary: string, offset: number): string => {
  const before = expression.slice(0, offset).split("\n")
  const line = expression.split("\n")[before.length - 1] ?? ""
  const column = before.at(-1)?.length ?? 0
  return `ERROR: <input>:${before.length}:${column + 1}: ${summary}\n | ${line}\n | ${".".repeat(column)}^`
}

const isCelError = (cause: unknown): cause is ParseError | TypeError | EvaluationError =>
  cause instanceof ParseError || cause instanceof TypeError || cause instanceof EvaluationError

const fault = (expression: string, cause: unknown): string => {
  if (!isCelError(cause)) return `compilation failed: ${String(cause)}`
  const name = /^found no matching overload for '(?:[\w.<>, ]+\.)?(\w+)\(/.exec(cause.summary)?.[1] ?? ""
  if (kubernetesFunctions.has(name)) {
    return `compilation failed: this API server does not have the CEL function ${name} of Kubernetes, or not for these ` +
      "arguments, and cannot keep a rule that it could not evaluate"
  }
  return `compilation failed: ${located(expression, inGoWords(cause.summary), cause.range?.start ?? 0)}`
}

const inGoWords = (summary: string): string =>
  summary.replace(/^No such key: (\S+)$/, "undefined field '$1'")
    .replace(/^Unknown variable: (\S+)$/, "undeclared reference to '$1' (in container '')")
    .replace(/^no such overload: (\S+) (\S+) (\S+)$/, "found no matching overload for '_$2_' applied to '($1, $3)'")
    .replace(/^found no matching overload for '(\w+)\(.*'$/, "undeclared reference to '$1' (in container '')")

const reasonOf = (cause: unknown): string =>
  (isCelError(cause) ? cause.summary : String(cause)).replace(
    /^No such key: index out of bounds, index (\d+).*$/,
    "index out of bounds: $1"
  )
    .replace(/^No such key/, "no such key")
