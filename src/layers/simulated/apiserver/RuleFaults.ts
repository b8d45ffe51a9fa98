/**
 * What is wrong with how a validation rule is written, in kube-apiserver's words
 * (k8s.io/apiextensions-apiserver pkg/apis/apiextensions/validation). Whether its expressions mean something is asked
 * in `CelProgram`.
 */
import type { FieldCause } from "./ApiStatusError.ts"
import { at, type Json, type JsonObject, textAt } from "./JsonTree.ts"
import { parseRulePath } from "./RulePath.ts"

const knownReasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"]

const invalidValue = (field: string, value: Json, why: string): FieldCause => ({
  reason: "FieldValueInvalid",
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`
})

const required = (field: string, why: string): FieldCause => ({
  reason: "FieldValueRequired",
  field,
  message: `Required value: ${why}`
})

/** Faults of everything but the expressions. `path` is that of the rule in its definition. */
export const writingFaults = (schema: JsonObject, rule: Json, path: string): ReadonlyArray<FieldCause> => {
  const faults: Array<FieldCause> = []
  const source = textAt(rule, "rule").trim()
  const message = textAt(rule, "message")
  const reason = at(rule, "reason")
  const fieldPath = textAt(rule, "fieldPath")
  if (source === "") faults.push(required(`${path}.rule`, "rule is not specified"))
  if (message !== "" && message.trim() === "") {
    faults.push(invalidValue(`${path}.message`, message, "must be non-empty if specified"))
  } else if (message.includes("\n")) {
    faults.push(invalidValue(`${path}.message`, message, "must not contain line breaks"))
  } else if (message === "" && source.includes("\n")) {
    faults.push(required(`${path}.message`, "message must be specified if rule contains line breaks"))
  }
  if (reason !== undefined && !knownReasons.some((known) => known === reason)) {
    const supported = knownReasons.map((known) => JSON.stringify(known)).join(", ")
    const text = `Unsupported value: ${JSON.stringify(reason)}: supported values: ${supported}`
    faults.push({ reason: "FieldValueNotSupported", field: `${path}.reason`, message: text })
  }
  if (fieldPath !== "" && parseRulePath(schema, fieldPath) === undefined) {
    faults.push(invalidValue(`${path}.fieldPath`, fieldPath, "must be a valid path"))
  }
  return faults
}

/** `oldSelf` below a list whose items cannot be told from each other over an update. */
export const uncorrelatedFault = (rule: Json, path: string, list: string): FieldCause => {
  const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${list}`
  return invalidValue(`${path}.rule`, textAt(rule, "rule"), why)
}

/** `optionalOldSelf` of a rule without `oldSelf`. */
export const needlessOptionFault = (path: string): FieldCause =>
  invalidValue(`${path}.optionalOldSelf`, true, "may not be set if oldSelf is not used in rule")

/** An expression that does not compile. The rule is shown as Go prints it: JSON with HTML's special characters escaped. */
export const expressionFault = (rule: Json, field: string, why: string): FieldCause => {
  const shown = JSON.stringify({
    Rule: textAt(rule, "rule"),
    Message: textAt(rule, "message"),
    MessageExpression: textAt(rule, "messageExpression"),
    Reason: at(rule, "reason") ?? null,
    FieldPath: textAt(rule, "fieldPath"),
    OptionalOldSelf: at(rule, "optionalOldSelf") ?? null
  }).replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026")
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${shown}: ${why}` }
}
