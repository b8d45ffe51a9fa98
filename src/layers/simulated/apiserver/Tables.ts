/**
 * Gives lists and objects the form that the Accept header asks for: unchanged, as `Table` (which `kubectl get` shows)
 * or as PartialObjectMetadata (Kubernetes API concepts: "Receiving resources as Tables").
 */
import { apiVersionOf } from "../../../services/kubernetes/KubernetesObject.ts"
import { type JsonObject, objectAt } from "./JsonTree.ts"
import { type Column, presented, type ServedKind } from "./ServedKind.ts"

export type Shape = "Object" | "Table" | "PartialObjectMetadata"

/** The form of the answer. */
export interface Representation {
  readonly kind: ServedKind
  readonly shape: Shape
  /** What each row of a table contains besides its cells. */
  readonly includeObject: "None" | "Metadata" | "Object"
  /** The wall time in milliseconds, for ages. */
  readonly nowMillis: number
}

/**
 * The first form in the Accept header that this server can make. It is plain JSON if the header names none, and nothing
 * for a 406.
 */
export const acceptedShape = (accept: string): Shape | undefined => {
  if (accept.trim() === "") return "Object"
  for (const range of accept.split(",")) {
    const [type = "", ...rest] = range.split(";").map((part) => part.trim())
    if (!["application/json", "application/*", "*/*"].includes(type)) continue
    const parameters = new Set(rest)
    const isMeta = parameters.has("g=meta.k8s.io") && parameters.has("v=v1")
    if (isMeta && parameters.has("as=Table")) return "Table"
    if (isMeta && (parameters.has("as=PartialObjectMetadata") || parameters.has("as=PartialObjectMetadataList"))) {
      return "PartialObjectMetadata"
    }
    if (!rest.some((parameter) => parameter.startsWith("as="))) return "Object"
  }
  return undefined
}

/** One object in the requested form. `withColumns` is false for every event of a watch after the first. */
export const representObject = (as: Representation, stored: JsonObject, withColumns = true): JsonObject => {
  switch (as.shape) {
    case "Object":
      return presented(as.kind, stored)
    case "PartialObjectMetadata":
      return partialMetadata(stored)
    case "Table": {
      const metadata = { resourceVersion: objectAt(stored, "metadata")["resourceVersion"] ?? "" }
      return table(as, metadata, [stored], withColumns)
    }
  }
}

/** A list in the requested form. `metadata` is that of the list: resourceVersion, continue, remainingItemCount. */
export const representList = (
  as: Representation,
  metadata: JsonObject,
  stored: ReadonlyArray<JsonObject>
): JsonObject => {
  switch (as.shape) {
    case "Object": {
      const items = stored.map((object) => presented(as.kind, object))
      return { kind: as.kind.listKind, apiVersion: apiVersionOf(as.kind), metadata, items }
    }
    case "PartialObjectMetadata": {
      const items = stored.map(partialMetadata)
      return { kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1", metadata, items }
    }
    case "Table":
      return table(as, metadata, stored, true)
  }
}

const partialMetadata = (stored: JsonObject): JsonObject => ({
  kind: "PartialObjectMetadata",
  apiVersion: "meta.k8s.io/v1",
  metadata: objectAt(stored, "metadata")
})

const nameColumn: Column = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name must be unique within a namespace.",
  priority: 0,
  cell: (object) => objectAt(object, "metadata")["name"] ?? ""
}

const table = (
  as: Representation,
  metadata: JsonObject,
  stored: ReadonlyArray<JsonObject>,
  withColumns: boolean
): JsonObject => {
  const columns = as.kind.plural === "events" ? as.kind.columns : [nameColumn, ...as.kind.columns]
  const definitions = columns.map(({ description, format, name, priority, type }) => ({
    name,
    type,
    format,
    description,
    priority
  }))
  const rows = stored.map((object): JsonObject => {
    const shown = presented(as.kind, object)
    const cells = columns.map((column) => column.cell(shown, as.nowMillis))
    if (as.includeObject === "None") return { cells }
    return { cells, object: as.includeObject === "Object" ? shown : partialMetadata(object) }
  })
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: withColumns ? definitions : [],
    rows
  }
}
