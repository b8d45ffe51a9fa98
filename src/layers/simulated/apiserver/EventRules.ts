/**
 * What an events.k8s.io/v1 Event must have (k8s.io/kubernetes pkg/apis/core/validation/events.go): the one built-in kind
 * that the daemon itself writes, so a mistake in it has to show here as it would in a cluster.
 */
import type { FieldCause } from "./ApiStatusError.ts"
import { type JsonObject, textAt } from "./JsonTree.ts"

const qualifiedName = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/

const longestText = 128
const longestNote = 1024

/** What is wrong with a new Event. The note goes by its name in the core group. */
export const newEventFaults = (event: JsonObject): ReadonlyArray<FieldCause> => [
  ...(textAt(event, "eventTime") === "" ? [required("eventTime")] : []),
  ...(["Normal", "Warning"].includes(textAt(event, "type"))
    ? []
    : [invalid("type", `has invalid value: ${textAt(event, "type")}`)]),
  ...controllerFaults(textAt(event, "reportingController")),
  ...["reportingInstance", "action", "reason"].flatMap((field) => textFaults(field, textAt(event, field))),
  ...(Buffer.byteLength(textAt(event, "note")) > longestNote ? [tooLong("message", longestNote)] : [])
]

const controllerFaults = (controller: string): ReadonlyArray<FieldCause> => {
  if (controller === "") return [required("reportingController")]
  return qualifiedName.test(controller) ? [] : [invalid(
    "reportingController",
    "name part must consist of " +
      "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    controller
  )]
}

const textFaults = (field: string, value: string): ReadonlyArray<FieldCause> => {
  if (value === "") return [required(field)]
  return Buffer.byteLength(value) > longestText ? [tooLong(field, longestText)] : []
}

const required = (field: string): FieldCause => ({ reason: "FieldValueRequired", field, message: "Required value" })

const invalid = (field: string, why: string, value = ""): FieldCause => ({
  reason: "FieldValueInvalid",
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`
})

const tooLong = (field: string, limit: number): FieldCause => invalid(field, `can have at most ${limit} characters`)
