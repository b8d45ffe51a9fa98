/**
 * The rules for the metadata of every kind: names, and labels and annotations, which must map text to text. Rules and
 * messages are those of k8s.io/apimachinery/pkg/api/validation and pkg/util/validation.
 */
import { Result } from "effect"
import { type ApiStatusError, badRequest, type FieldCause, invalid } from "./ApiStatusError.ts"
import { at, isObject, type JsonObject, textAt } from "./JsonTree.ts"
import type { ServedKind } from "./ServedKind.ts"

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const labelKey = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/

const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

/** Accepts an object whose metadata follows the rules. */
export const checkMetadata = (kind: ServedKind, object: JsonObject): Result.Result<JsonObject, ApiStatusError> => {
  for (const field of ["labels", "annotations"]) {
    const map = at(object, "metadata", field)
    const isTextMap = map === undefined || map === null ||
      (isObject(map) && Object.values(map).every((value) => typeof value === "string"))
    if (!isTextMap) {
      const go = `json: cannot unmarshal into Go struct field ObjectMeta.metadata.${field} of type map[string]string`
      return Result.fail(
        badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${go}`)
      )
    }
  }
  const name = textAt(object, "metadata", "name")
  const faults = [...nameFaults(kind, name), ...labelFaults(object)]
  return faults.length === 0 ? Result.succeed(object) : Result.fail(invalid(kind, name, faults))
}

const nameFaults = (kind: ServedKind, name: string): ReadonlyArray<FieldCause> => {
  const field = "metadata.name"
  const fault = (text: string): ReadonlyArray<FieldCause> => [
    { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(name)}: ${text}` }
  ]
  if (name === "") {
    return [{ reason: "FieldValueRequired", field, message: "Required value: name or generateName is required" }]
  }
  // Names of roles and bindings only need to be path segments: "system:node" is allowed.
  if (kind.group === "rbac.authorization.k8s.io") {
    return /[/%]|^\.\.?$/.test(name)
      ? fault("may not contain '/' or '%'")
      : []
  }
  if (kind.plural === "namespaces") return name.length <= 63 && label.test(name) ? [] : fault(labelText)
  return name.length <= 253 && subdomain.test(name) ? [] : fault(subdomainText)
}

const labelFaults = (object: JsonObject): ReadonlyArray<FieldCause> => {
  const labels = at(object, "metadata", "labels")
  if (!isObject(labels)) return []
  return Object.entries(labels).flatMap(([key, value]) => {
    const bad = labelKey.test(key) ? (labelValue.test(String(value)) ? undefined : value) : key
    if (bad === undefined) return []
    const what = bad === key ? "name part must consist of" : "a valid label must be an empty string or consist of"
    const text =
      `${what} alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`
    return [{
      reason: "FieldValueInvalid",
      field: "metadata.labels",
      message: `Invalid value: ${JSON.stringify(bad)}: ${text}`
    }]
  })
}
