/**
 * One event of a watch as the bytes that are sent. Thousands of watches are sent the same event: it is encoded once for
 * each shape that they ask for, as kube-apiserver does.
 */
import type { JsonObject } from "./JsonTree.ts"
import { qualifiedResource } from "./ServedKind.ts"
import { type Representation, representObject } from "./Tables.ts"

/** An event as a watch selects it: its type depends on the selection, not on the store alone. */
export interface SelectedEvent {
  readonly type: string
  readonly object: JsonObject
}

const encoder = new TextEncoder()
const lineOf = (event: JsonObject): Uint8Array => encoder.encode(`${JSON.stringify(event)}\n`)

// Stored objects are immutable values, so a line is right for as long as its object is there.
const known = new WeakMap<JsonObject, Map<string, Uint8Array>>()

/** The line of an event; `withColumns` is false for the second and later events of a watch. */
export const eventLine = (as: Representation, { object, type }: SelectedEvent, withColumns: boolean): Uint8Array => {
  const encode = () => lineOf({ type, object: representObject(as, object, withColumns) })
  // The ages in a table are of this moment.
  if (as.shape === "Table") return encode()
  const lines = known.get(object) ?? new Map<string, Uint8Array>()
  const key = `${type} ${as.shape} ${qualifiedResource(as.kind)} ${as.kind.version}`
  const line = lines.get(key) ?? encode()
  known.set(object, lines.set(key, line))
  return line
}

/** The line that ends a watch with a reason. */
export const errorLine = (status: JsonObject): Uint8Array => lineOf({ type: "ERROR", object: status })
