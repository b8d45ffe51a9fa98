/** What a ListWatch watches, and the LIST and WATCH requests for it. */
import type { Effect } from "effect"
import type { ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import type { ApiConnection, ClientRequest } from "../requests/ApiConnection.ts"
import type { ListRequest } from "../requests/ListPages.ts"

/** What is watched, on which connection, and whom to tell that the server has sent something. */
export interface WatchTarget {
  readonly connection: ApiConnection
  readonly resource: ResourceType
  readonly path: string
  /** The name, if only one object is watched. */
  readonly name: string | undefined
  readonly metadataOnly: boolean
  readonly traced: boolean
  readonly heard: Effect.Effect<void>
}

export const listRequest = (target: WatchTarget, resourceVersion: "0" | ""): ListRequest => ({
  path: target.path,
  resource: target.resource.plural,
  resourceVersion,
  params: selector(target),
  accept: accepts(target, "PartialObjectMetadataList")
})

/** Where a WATCH begins: at a version, or with a streaming list (Kubernetes API concepts, "Streaming lists"). */
export interface WatchStart {
  /** Empty means the newest version, which is possible with a streaming list only. */
  readonly resourceVersion: string
  readonly sendsList: boolean
}

export const watchRequest = (
  target: WatchTarget,
  { resourceVersion, sendsList }: WatchStart,
  timeoutSeconds: number
): ClientRequest => ({
  verb: "watch",
  method: "GET",
  path: target.path,
  resource: target.resource.plural,
  params: {
    ...selector(target),
    watch: "true",
    allowWatchBookmarks: "true",
    ...(sendsList ? { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" } : {}),
    ...(resourceVersion === "" ? {} : { resourceVersion }),
    timeoutSeconds: String(timeoutSeconds)
  },
  accept: accepts(target, "PartialObjectMetadata")
})

const selector = ({ name }: WatchTarget): Readonly<Record<string, string>> =>
  name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }

// A server that does not know this form answers with whole objects, and the client reads only their metadata.
const accepts = ({ metadataOnly }: WatchTarget, as: string): string =>
  metadataOnly ? `application/json;as=${as};g=meta.k8s.io;v=v1,application/json` : "application/json"
