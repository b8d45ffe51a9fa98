/**
 * Reads the text of a manifest file as Kubernetes objects: several YAML documents, JSON, and lists. A document that is
 * not a resource gives a problem that names file and document. Resources of other kinds are passed over in silence,
 * unless they were probably meant to be a NodePTPCfg.
 */
import { Predicate, Result, SchemaParser } from "effect"
import { didYouMean } from "../../services/DidYouMean.ts"
import { fieldProblems, showValue } from "../../services/kubernetes/FieldProblems.ts"
import { KubernetesObject, ObjectMeta } from "../../services/kubernetes/KubernetesObject.ts"
import { nodePTPCfgs } from "../../services/kubernetes/NodePTPCfg.ts"
import { unknownNodePTPCfgFields, whyNotOurs } from "../../services/kubernetes/NodePTPCfgManifest.ts"
import type { Problem } from "../../services/profiles/Decision.ts"
import { yamlDocuments } from "./YamlDocuments.ts"

/** NodePTPCfg objects, in the order of the text. */
export interface Manifests {
  readonly objects: ReadonlyArray<KubernetesObject>
  readonly problems: ReadonlyArray<Problem>
}

/** The place of a document, for messages. */
interface DocumentPlace {
  readonly file: string
  readonly document: string
}

/** Reads the text of `file`, YAML or JSON. Never throws. */
export const readManifestText = (file: string, text: string): Manifests => {
  const json = parseJson(text)
  if (json !== undefined) return readResource({ file, document: "document 1" }, json.value)
  return mergeManifests(
    yamlDocuments(text).map((document, index) => {
      const place = { file, document: `document ${index + 1}` }
      return Result.match(document, {
        onSuccess: (value) => (value === null ? nothing : readResource(place, value)),
        onFailure: (message) => failed(place, message)
      })
    })
  )
}

const nothing: Manifests = { objects: [], problems: [] }

/** Joins several readings in order. */
export const mergeManifests = (all: ReadonlyArray<Manifests>): Manifests => ({
  objects: all.flatMap(({ objects }) => objects),
  problems: all.flatMap(({ problems }) => problems)
})

const told = (severity: Problem["severity"]) => ({ document, file }: DocumentPlace, message: string): Manifests => ({
  objects: [],
  problems: [{ severity, config: file, path: document, message }]
})
const failed = told("error")
const warned = told("warning")

/** JSON is valid YAML, but JavaScript's own parser is many times faster for large objects. */
const parseJson = (text: string): { readonly value: unknown } | undefined =>
  /^\s*\{/.test(text)
    ? Result.getOrUndefined(Result.try((): { readonly value: unknown } => ({ value: JSON.parse(text) })))
    : undefined

const readResource = (place: DocumentPlace, value: unknown): Manifests => {
  if (!Predicate.isObject(value)) return failed(place, "is not a resource: it is no map")
  const { apiVersion, items, kind } = fieldsOf(value)
  if (typeof kind !== "string" || kind === "") {
    return failed(place, `is not a resource: it has no kind${slipOf("kind", value)}`)
  }
  if (kind.endsWith("List") && items !== undefined) return readList(place, items)
  if (kind !== nodePTPCfgs.kind) {
    const why = whyNotOurs(apiVersion, kind)
    return why === undefined ? nothing : warned(place, why)
  }
  const expected = `${nodePTPCfgs.group}/${nodePTPCfgs.version}`
  if (apiVersion !== expected) {
    return failed(place, `is a ${kind}, but its apiVersion is not ${expected}${slipOf("apiVersion", value)}`)
  }
  return readObject(place, value)
}

/** A field that was probably meant to be `name`, which is not there. */
const slipOf = (name: string, value: object): string => {
  const slip = name in value ? undefined : Object.keys(value).find((key) => didYouMean(key, [name]) !== undefined)
  return slip === undefined ? "" : ` (did you mean ${name} by ${showValue(slip)}?)`
}

/** The fields that say which kind a document is. */
const fieldsOf = (
  value: object
): { readonly apiVersion?: unknown; readonly kind?: unknown; readonly items?: unknown } => value

const readList = (place: DocumentPlace, items: unknown): Manifests => {
  if (items === null) return nothing
  if (!Array.isArray(items)) return failed(place, "is a list whose items are no list")
  return mergeManifests(
    items.map((item: unknown, index) =>
      readResource({ ...place, document: `${place.document}, items[${index}]` }, item)
    )
  )
}

const decodeMeta = SchemaParser.decodeUnknownResult(ObjectMeta, { errors: "all", reportInput: true })
const decodeObject = SchemaParser.decodeUnknownResult(KubernetesObject)

/** The metadata is read first, because its mistakes can be reported field by field. */
const readObject = (place: DocumentPlace, value: object): Manifests => {
  const metadata = withoutNulls("metadata" in value ? value.metadata : undefined)
  const meta = decodeMeta(metadata)
  const unknown = unknownNodePTPCfgFields(value)
  if (Result.isFailure(meta)) {
    const below = (path: string): DocumentPlace => ({ ...place, document: `${place.document}, ${path}` })
    return mergeManifests([
      ...fieldProblems(meta.failure, "metadata").map(({ message, path }) => failed(below(path), message)),
      ...unknown.map(({ message, path }) => warned(below(path), message))
    ])
  }
  const config = meta.success.name
  return Result.match(decodeObject({ ...value, metadata }), {
    onSuccess: (object) => ({
      objects: [object],
      problems: unknown.map(({ message, path }) => ({ severity: "warning", config, path, message }))
    }),
    onFailure: () => failed(place, "holds values that JSON does not have")
  })
}

/** The API server treats null as absent. */
const withoutNulls = (metadata: unknown): unknown =>
  Predicate.isObject(metadata)
    ? Object.fromEntries(Object.entries(metadata).filter(([, field]) => field !== null))
    : metadata
