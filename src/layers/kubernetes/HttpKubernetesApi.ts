/**
 * The Kubernetes API over HTTP: the daemon's layer in a cluster, outside of one and in the demo.
 * The in-cluster bundle holds no other Kubernetes client; what a watch does when it breaks is ListWatch's.
 */
import { Effect, Layer, Option, Schema, Stream } from "effect"
import { KubernetesApi, type KubernetesApiError, type WatchOptions } from "../../services/kubernetes/KubernetesApi.ts"
import { KubernetesCredentials } from "../../services/kubernetes/KubernetesCredentials.ts"
import { KubernetesObject, type ResourceType } from "../../services/kubernetes/KubernetesObject.ts"
import { nodePTPDevs } from "../../services/kubernetes/NodePTPDev.ts"
import { type ApiRequest, makeApiConnection } from "./ApiConnection.ts"
import { malformed } from "./ApiFailure.ts"
import { makeEventRecorder } from "./EventRecorder.ts"
import { listPages } from "./ListPages.ts"
import { listWatch } from "./ListWatch.ts"
import { apiVersionOf, collectionPath, objectPath, statusPath } from "./ResourcePath.ts"
import { makeWatchAges } from "./WatchAges.ts"

export interface HttpKubernetesApiOptions {
  /** Namespace of every namespaced kind. */
  readonly namespace: string
  /** Reporting controller of events, and field manager of writes. */
  readonly component: string
  readonly nodeName: string
}

/** One connection for plain requests and events, and one more for each watch under way. */
export const layer = (
  options: HttpKubernetesApiOptions
): Layer.Layer<KubernetesApi, never, KubernetesCredentials> =>
  Layer.effect(
    KubernetesApi,
    Effect.gen(function*() {
      const { namespace } = options
      const credentials = yield* KubernetesCredentials
      const connection = yield* makeApiConnection(credentials)
      const watchAges = makeWatchAges()
      const recordEvent = yield* makeEventRecorder(connection, { ...options, regarding: nodePTPDevs })

      const requestObject = (request: ApiRequest): Effect.Effect<KubernetesObject, KubernetesApiError> =>
        Effect.flatMap(connection.text(request), (text) =>
          Option.match(decodeObject(text), {
            onNone: () => Effect.fail(malformed(request, `not an object: ${text.slice(0, 200)}`)),
            onSome: Effect.succeed
          }))

      const watchAll = (resource: ResourceType, { metadataOnly = false, name }: WatchOptions = {}) =>
        Stream.unwrap(Effect.gen(function*() {
          return listWatch({
            connection: yield* makeApiConnection(credentials),
            heard: yield* watchAges.enter(resource.plural),
            path: collectionPath(resource, namespace),
            resource,
            name,
            metadataOnly
          })
        }))

      const list = (resource: ResourceType) =>
        Effect.map(
          listPages(connection, {
            resource: resource.plural,
            path: collectionPath(resource, namespace),
            resourceVersion: ""
          }),
          ({ objects }) => objects
        )

      const get = (resource: ResourceType, name: string) => {
        const path = objectPath(resource, namespace, name)
        return requestObject({ verb: "get", method: "GET", resource: resource.plural, path }).pipe(
          Effect.asSome,
          Effect.catchIf((error) => error.reason === "NotFound", () => Effect.succeedNone)
        )
      }

      const create: KubernetesApi["Service"]["create"] = (resource, object) =>
        requestObject({
          verb: "create",
          method: "POST",
          resource: resource.plural,
          path: collectionPath(resource, namespace),
          params: { fieldManager: options.component },
          body: { contentType: "application/json", text: JSON.stringify(completed(resource, namespace, object)) }
        })

      const patchStatus: KubernetesApi["Service"]["patchStatus"] = (resource, name, status) =>
        requestObject({
          verb: "patch",
          method: "PATCH",
          resource: resource.plural,
          path: statusPath(resource, namespace, name),
          params: { fieldManager: options.component },
          body: { contentType: "application/merge-patch+json", text: JSON.stringify({ status }) }
        })

      return { watchAll, list, get, create, patchStatus, recordEvent, watches: watchAges.ages }
    })
  )

const decodeObject = Schema.decodeUnknownOption(Schema.fromJsonString(KubernetesObject))

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
