/**
 * One event of a watch as the bytes that are sent. Thousands of watches get the same event, so it is encoded once for
 * each form they ask for, as in kube-apiserver.
 */
import type { JsonObject } from "./JsonTree.ts"
import { qualifiedResource } from "./ServedKind.ts"
import { type Representation, representObject } from "./Tables.ts"

/** An event as one watch sees it. Its type depends on the watch's selection and not only on the store. */
export interface SelectedEvent {
  readonly type: string
  readonly object: JsonObject
}

const encoder = new TextEncoder()
const lineOf = (event: JsonObject): Uint8Array => encoder.encode(`${JSON.stringify(event)}\n`)

// Stored objects never change, so an encoded line is valid as long as its object exists.
const known = new WeakMap<JsonObject, Map<string, Uint8Array>>()

/** The line of an event. `withColumns` is false for every event of a watch after the first. */
export const eventLine = (as: Representation, { object, type }: SelectedEvent, withColumns: boolean): Uint8Array => {
  const encode = () => lineOf({ type, object: representObject(as, object, withColumns) })
  // A table contains ages, which change with time, so it is encoded each time.
  if (as.shape === "Table") return encode()
  const lines = known.get(object) ?? new Map<string, Uint8Array>()
  const key = `${type} ${as.shape} ${qualifiedResource(as.kind)} ${as.kind.version}`
  const line = lines.get(key) ?? encode()
  known.set(object, lines.set(key, line))
  return line
}

/** The line that ends a watch and says why. */
export const errorLine = (status: JsonObject): Uint8Array => lineOf({ type: "ERROR", object: status })
