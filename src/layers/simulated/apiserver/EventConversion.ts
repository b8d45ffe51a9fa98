/**
 * Events of core/v1 and of events.k8s.io/v1 are the same objects in two spellings (k8s.io/kubernetes
 * pkg/apis/events/v1/conversion.go). They are stored as events.k8s.io/v1; `kubectl get events` reads core/v1.
 */
import { type JsonObject, withField } from "./JsonTree.ts"

const coreFields: ReadonlyArray<readonly [string, string]> = [
  ["note", "message"],
  ["regarding", "involvedObject"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"]
]

const renamed = (object: JsonObject, names: ReadonlyArray<readonly [string, string]>): JsonObject => {
  const newName = new Map(names)
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [newName.get(key) ?? key, value]))
}

/**
 * The event in the form of core/v1. Times that are not set are null, because
 * `kubectl get events --sort-by=.lastTimestamp` needs the field.
 */
export const toCoreEvent = (event: JsonObject): JsonObject => ({
  type: "Normal",
  source: {},
  firstTimestamp: null,
  lastTimestamp: null,
  ...renamed(event, coreFields)
})

/** A core/v1 event in the form in which it is stored. */
export const fromCoreEvent = (event: JsonObject): JsonObject =>
  withField(renamed(event, coreFields.map(([stored, core]) => [core, stored] as const)), "apiVersion", undefined)
