/**
 * Everything that a custom resource's schema asks of it, in kube-apiserver's order: types and limits, then unique
 * items, then rules, which are not asked of an object that they could not be read on
 * (k8s.io/apiextensions-apiserver pkg/registry/customresource/strategy.go).
 */
import type { FieldCause } from "./ApiStatusError.ts"
import type { JsonObject } from "./JsonTree.ts"
import { duplicates } from "./ListItems.ts"
import { evaluateRules, rulesOf, type RuleVerdict } from "./RuleEvaluation.ts"
import { validatorOf } from "./SchemaValidation.ts"

/** Faults after which kube-apiserver evaluates no rules (strategy.go, hasBlockingErr). */
const blocking = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid"
])

const notChecked: FieldCause = {
  reason: "FieldValueInvalid",
  field: "<nil>",
  message: "Invalid value: null: some validation rules were not checked because the object was invalid; " +
    "correct the existing errors to complete validation"
}

/** What is wrong with an object. `before` is what an update replaces: what it leaves as it was is not refused. */
export const validateResource = (
  schema: JsonObject,
  object: JsonObject,
  before: JsonObject | undefined
): RuleVerdict => {
  const twice = duplicates(schema, object, "")
  // Items that were there twice before stay allowed, anywhere in the object.
  const isTolerated = before !== undefined && twice.length > 0 && duplicates(schema, before, "").length > 0
  const causes = [...validatorOf(schema)(object, before), ...(isTolerated ? [] : twice)]
  const rules = rulesOf(schema)
  if (rules.root === undefined) return { causes, ratcheted: [] }
  if (causes.some(({ reason }) => blocking.has(reason))) return { causes: [...causes, notChecked], ratcheted: [] }
  const verdict = evaluateRules(rules, object, before)
  return { causes: [...causes, ...verdict.causes], ratcheted: verdict.ratcheted }
}
