/** What a ListWatch is about, and the requests that LIST and WATCH make of it. */
import type { Effect } from "effect"
import type { ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import type { ApiConnection, ClientRequest } from "../requests/ApiConnection.ts"
import type { ListRequest } from "../requests/ListPages.ts"

/** What is watched, on which connection, and who is told that the server said something. */
export interface WatchTarget {
  readonly connection: ApiConnection
  readonly resource: ResourceType
  readonly path: string
  /** Only the object of this name. */
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

/** What a WATCH begins with: a version, or a streaming list (Kubernetes API concepts, "Streaming lists"). */
export interface WatchStart {
  /** Empty for the newest there is, which only a streaming list can begin with. */
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

// A server that does not know the transformation answers with plain objects; we read only their metadata.
const accepts = ({ metadataOnly }: WatchTarget, as: string): string =>
  metadataOnly ? `application/json;as=${as};g=meta.k8s.io;v=v1,application/json` : "application/json"
