/**
 * The Kubernetes API over HTTP. The daemon uses this layer in a cluster, outside of one and in the demo; the image
 * contains no other Kubernetes client.
 *
 * The folders next to it, each using only the ones before it: `credentials` (proves the daemon's identity), `proxies`
 * (reaches a server through a proxy), `requests` (one request and its answer or failure), `watching` (keeps a
 * collection up to date; WatchPolicy decides where a watch is resumed) and `events` (records what `kubectl describe`
 * shows).
 */
import { Effect, Layer, Stream } from "effect"
import { KubernetesApi, type WatchAllOptions } from "../../services/kubernetes/KubernetesApi.ts"
import { KubernetesCredentials } from "../../services/kubernetes/KubernetesCredentials.ts"
import type { ResourceType } from "../../services/kubernetes/KubernetesObject.ts"
import { nodePTPDevs } from "../../services/kubernetes/NodePTPDev.ts"
import { makeEventRecorder } from "./events/EventRecorder.ts"
import { makeApiConnection } from "./requests/ApiConnection.ts"
import { makeObjectRequests } from "./requests/ObjectRequests.ts"
import { collectionPath } from "./requests/ResourcePath.ts"
import { listWatch } from "./watching/ListWatch.ts"
import { makeWatchAges } from "./watching/WatchAges.ts"

export interface HttpKubernetesApiOptions {
  /** The namespace of all namespaced kinds. */
  readonly namespace: string
  /** The name by which events and written fields (managedFields) show who wrote them. */
  readonly component: string
  readonly nodeName: string
}

/** One connection for plain requests and events, and one more for each open watch. */
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

      const watchAll = (resource: ResourceType, { metadataOnly = false, name, traced = false }: WatchAllOptions = {}) =>
        Stream.unwrap(Effect.gen(function*() {
          return listWatch({
            connection: yield* makeApiConnection(credentials),
            heard: yield* watchAges.enter(resource.plural),
            path: collectionPath(resource, namespace),
            resource,
            name,
            metadataOnly,
            traced
          })
        }))

      return {
        ...makeObjectRequests(connection, { namespace, fieldManager: options.component }),
        watchAll,
        recordEvent,
        watches: watchAges.ages
      }
    })
  )
