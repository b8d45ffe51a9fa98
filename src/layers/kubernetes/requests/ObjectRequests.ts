/**
 * The plain requests of KubernetesApi over one connection: list, get, create and the status patch. HttpKubernetesApi
 * adds watches and events. Nothing is retried here, because only the caller knows whether that makes sense.
 */
import { Effect, Option, Schema } from "effect"
import type { KubernetesApi, KubernetesApiError } from "../../../services/kubernetes/KubernetesApi.ts"
import { apiVersionOf, KubernetesObject, type ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import type { ApiConnection, ClientRequest } from "./ApiConnection.ts"
import { malformed } from "./ApiFailure.ts"
import { listPages } from "./ListPages.ts"
import { collectionPath, statusPath } from "./ResourcePath.ts"

type ObjectRequests = Pick<KubernetesApi["Service"], "list" | "get" | "create" | "patchStatus">

/** Requests for objects in `namespace`. Writes appear in managedFields under the name `fieldManager`. */
export const makeObjectRequests = (
  connection: ApiConnection,
  { fieldManager, namespace }: { readonly fieldManager: string; readonly namespace: string }
): ObjectRequests => ({
  list: (resource) =>
    listPages(connection, {
      resource: resource.plural,
      path: collectionPath(resource, namespace),
      resourceVersion: ""
    }).pipe(Effect.map(({ objects }) => objects)),

  // A LIST with one result. A watch needs the verb list anyway, so no further right has to be granted.
  get: (resource, name) =>
    listPages(connection, {
      resource: resource.plural,
      path: collectionPath(resource, namespace),
      resourceVersion: "",
      params: { fieldSelector: `metadata.name=${name}` }
    }).pipe(
      Effect.map(({ objects: [object] }) => Option.fromUndefinedOr(object)),
      Effect.catchIf((error) => error.reason === "NotFound", () => Effect.succeedNone)
    ),

  create: (resource, object) =>
    requestObject(connection, {
      verb: "create",
      method: "POST",
      resource: resource.plural,
      path: collectionPath(resource, namespace),
      params: { fieldManager },
      body: { contentType: "application/json", text: JSON.stringify(completed(resource, namespace, object)) }
    }),

  patchStatus: (resource, name, status, resourceVersion) =>
    requestObject(connection, {
      verb: "patch",
      method: "PATCH",
      resource: resource.plural,
      path: statusPath(resource, namespace, name),
      params: { fieldManager },
      body: {
        contentType: "application/merge-patch+json",
        text: JSON.stringify(resourceVersion === undefined ? { status } : { metadata: { resourceVersion }, status })
      }
    })
})

const decodeObject = Schema.decodeUnknownOption(Schema.fromJsonString(KubernetesObject))

const requestObject = Effect.fnUntraced(
  function*(connection: ApiConnection, request: ClientRequest): Effect.fn.Return<KubernetesObject, KubernetesApiError> {
    const text = yield* connection.text(request)
    const object = decodeObject(text)
    return Option.isSome(object)
      ? object.value
      : yield* malformed(request, `not an object: ${text.slice(0, 200)}`)
  }
)

const completed = (
  resource: ResourceType,
  namespace: string,
  object: { readonly metadata: { readonly name: string } } & Schema.JsonObject
) => ({
  ...object,
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
  metadata: { ...object.metadata, ...(resource.namespaced ? { namespace } : {}) }
})
