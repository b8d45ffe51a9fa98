/**
 * The OpenAPI documents, as far as kubectl needs them. For each kind there is a path whose PATCH accepts
 * `fieldValidation`, so that kubectl leaves validation to the server. Custom resources also have their schemas, for
 * `kubectl explain`.
 */
import { apiVersionOf } from "../../../services/kubernetes/KubernetesObject.ts"
import { type JsonObject, objectAt, withField } from "./JsonTree.ts"
import type { ServedKind } from "./ServedKind.ts"

const groupVersionPath = (kind: ServedKind): string =>
  kind.group === "" ? `api/${kind.version}` : `apis/${apiVersionOf(kind)}`

/**
 * `/openapi/v3`: the paths of the documents of all group versions. `hash` changes with the served kinds, so that
 * clients renew their caches.
 */
export const openApiIndex = (kinds: ReadonlyArray<ServedKind>, hash: string): JsonObject => ({
  paths: Object.fromEntries(
    kinds.map(groupVersionPath).map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }])
  )
})

/** The document of one group version (`api/v1`, `apis/GROUP/VERSION`), or nothing if it is not served. */
export const openApiDocument = (kinds: ReadonlyArray<ServedKind>, groupVersion: string): JsonObject | undefined => {
  const served = kinds.filter((kind) => groupVersionPath(kind) === groupVersion)
  if (served.length === 0) return undefined
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.32.0" },
    paths: Object.fromEntries(served.flatMap(pathsOf)),
    components: { schemas: Object.fromEntries([...served.map(schemaOf), metadataSchema]) }
  }
}

/**
 * `/openapi/v2` as the protobuf message that kubectl before 1.27 reads (gnostic's openapi_v2.Document): swagger "2.0"
 * and an empty info. It contains no kinds, and kubectl does not validate kinds that it does not know.
 */
export const openApiV2Protobuf: Uint8Array = Uint8Array.of(0x0a, 0x03, 0x32, 0x2e, 0x30, 0x12, 0x00, 0x42, 0x00)

/** The same document as JSON. */
export const openApiV2: JsonObject = {
  swagger: "2.0",
  info: { title: "Kubernetes", version: "v1.32.0" },
  paths: {},
  definitions: {}
}

const schemaName = (kind: ServedKind): string =>
  [...(kind.group || "core").split(".").toReversed(), kind.version, kind.kind].join(".")

const pathsOf = (kind: ServedKind): ReadonlyArray<readonly [string, JsonObject]> => {
  const namespace = kind.namespaced ? "/namespaces/{namespace}" : ""
  const collection = `/${groupVersionPath(kind)}${namespace}/${kind.plural}`
  const type = { group: kind.group, version: kind.version, kind: kind.kind }
  const operation = (action: string, parameters: ReadonlyArray<string> = []): JsonObject => ({
    parameters: parameters.map((name) => ({ name, in: "query", schema: { type: "string", uniqueItems: true } })),
    responses: {
      "200": {
        description: "OK",
        content: { "application/json": { schema: { $ref: `#/components/schemas/${schemaName(kind)}` } } }
      }
    },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": type
  })
  const writing = ["dryRun", "fieldManager", "fieldValidation"]
  return [
    [collection, { get: operation("list"), post: operation("post", writing) }],
    [`${collection}/{name}`, {
      get: operation("get"),
      put: operation("put", writing),
      patch: operation("patch", [...writing, "force"]),
      delete: operation("delete", ["dryRun"])
    }]
  ]
}

// The same texts as kube-apiserver's, for clients that show them.
const conventions = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
const apiVersionText = "APIVersion defines the versioned schema of this representation of an object. Servers should " +
  "convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: " +
  `${conventions}#resources`
const kindText = "Kind is a string value representing the REST resource this object represents. Servers may infer " +
  "this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: " +
  `${conventions}#types-kinds`

const schemaOf = (kind: ServedKind): readonly [string, JsonObject] => {
  const text = { type: "string" }
  const schema = kind.schema ?? { type: "object", "x-kubernetes-preserve-unknown-fields": true }
  const properties = {
    apiVersion: { ...text, description: apiVersionText },
    kind: { ...text, description: kindText },
    metadata: {
      description: `Standard object's metadata. More info: ${conventions}#metadata`,
      allOf: [{ $ref: `#/components/schemas/${metadataSchema[0]}` }]
    },
    ...objectAt(schema, "properties")
  }
  return [schemaName(kind), {
    ...withField(schema, "properties", properties),
    "x-kubernetes-group-version-kind": [{ group: kind.group, version: kind.version, kind: kind.kind }]
  }]
}

const metadataSchema: readonly [string, JsonObject] = ["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", {
  type: "object",
  description: "ObjectMeta is metadata that all persisted resources must have.",
  properties: Object.fromEntries(
    [
      ["name", "Name must be unique within a namespace."],
      ["namespace", "Namespace defines the space within which each name must be unique."],
      ["resourceVersion", "An opaque value that represents the internal version of this object."],
      ["uid", "UID is the unique in time and space value for this object."]
    ].map(([name, description]) => [name, { type: "string", description }])
  )
}]
