/**
 * The Kubernetes API over HTTP: the daemon's layer in a cluster, outside of one and in the demo. The bundle of the image
 * holds no other Kubernetes client.
 *
 * The folders beside it, from the ground up: `credentials` (how to prove who we are), `proxies` (the way to a server
 * behind one), `requests` (one request, its answer or what went wrong), `watching` (a collection kept up to date;
 * WatchPolicy says where a watch is resumed) and `events` (what is recorded for `kubectl describe`).
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
