/** Makes the requests of a publication. The result of each is an event for the publication. */
import { Effect, Random, Schema } from "effect"
import { KubernetesApi, type KubernetesApiError } from "../services/kubernetes/KubernetesApi.ts"
import { nodePTPDevs, NodePTPDevStatus } from "../services/kubernetes/NodePTPDev.ts"
import { Settings } from "../services/Settings.ts"
import type { PublicationEvent, PublicationRequest } from "../services/status/PublicationState.ts"

/** Makes a request once. A failure is logged; the publication decides what follows from it. */
export const answerTo = (
  request: PublicationRequest
): Effect.Effect<PublicationEvent, never, KubernetesApi | Settings> =>
  made(request).pipe(
    Effect.catch((error) =>
      Effect.logWarning("status not written").pipe(
        Effect.annotateLogs({ error: error.message }),
        Effect.andThen(Random.next),
        Effect.map((random): PublicationEvent => ({ _tag: "Failed", request, error, random }))
      )
    )
  )

const made = Effect.fnUntraced(function*(
  request: PublicationRequest
): Effect.fn.Return<PublicationEvent, KubernetesApiError, KubernetesApi | Settings> {
  const api = yield* KubernetesApi
  const { nodeName } = yield* Settings
  if (request._tag === "Read") return { _tag: "Found", object: yield* api.get(nodePTPDevs, nodeName) }
  const { isMissing, next, nodeUid, resourceVersion } = request
  if (isMissing) {
    yield* api.create(nodePTPDevs, { metadata: { name: nodeName, ...ownedBy(nodeName, nodeUid) }, spec: {} })
  }
  const { clock, daemon, ...status } = encodeStatus(next)
  // In a merge patch (RFC 7396) lists are replaced but objects are merged, so null is needed to remove a field.
  const object = yield* api.patchStatus(nodePTPDevs, nodeName, {
    ...status,
    clock: clock === undefined ? null : { grandmaster: null, ...clock },
    daemon: daemon === undefined ? null : { pod: null, linuxptp: null, stoppedAt: null, ...daemon }
  }, resourceVersion)
  return { _tag: "Written", request, object }
})

/**
 * The garbage collector removes the object with its Node. Without `blockOwnerDeletion`, because the object must not hold
 * the Node back, and the daemon would need a right over Nodes for it.
 */
const ownedBy = (name: string, uid: string | undefined) =>
  uid === undefined ? {} : { ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid }] }

const encodeStatus = Schema.encodeSync(NodePTPDevStatus)
