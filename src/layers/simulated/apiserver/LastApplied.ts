/**
 * From `kubectl apply` to `kubectl apply --server-side`: kubectl may take what its own earlier, client-side applies
 * set, and the annotation that those left is kept in step (k8s.io/apimachinery pkg/util/managedfields/internal,
 * lastappliedmanager.go and lastappliedupdater.go).
 */
import { Result } from "effect"
import { appliedFields, changedFields, type FieldRules, type FieldSet } from "./FieldSets.ts"
import { isObject, type Json, type JsonObject, objectAt, textAt, withField, withMetadata } from "./JsonTree.ts"

const annotation = "kubectl.kubernetes.io/last-applied-configuration"

/** Only this manager is known to be the successor of client-side applies. */
export const successor = "kubectl"

/** Larger annotations are refused (the limit for all annotations of an object). */
const maximumAnnotationLength = 256 * 1024

/** The fields that a client-side apply set and that still have its values. */
export const clientSideFields = (rules: FieldRules, current: JsonObject): FieldSet => {
  const parsed = Result.try((): Json => JSON.parse(textAt(current, "metadata", "annotations", annotation)))
  const applied = Result.isSuccess(parsed) ? parsed.success : undefined
  if (!isObject(applied)) return new Set()
  const changes = changedFields(rules, applied, current)
  return appliedFields(rules, applied).difference(changes.set).difference(changes.removed)
}

/** The object with the annotation of what is applied now, if it had one: client-side tools go on from there. */
export const withLastApplied = (object: JsonObject, configuration: JsonObject): JsonObject => {
  if (textAt(object, "metadata", "annotations", annotation) === "") return object
  const annotations = withField(objectAt(configuration, "metadata", "annotations"), annotation, undefined)
  const applied = withMetadata(configuration, {
    managedFields: undefined,
    annotations: Object.keys(annotations).length === 0 ? undefined : annotations
  })
  const text = `${JSON.stringify(applied)}\n`
  if (text.length > maximumAnnotationLength) return object
  return withMetadata(object, {
    annotations: withField(objectAt(object, "metadata", "annotations"), annotation, text)
  })
}
