/**
 * What the kubelet would add to a deployment: a Pod of the daemon on a Node, and a token that is bound to the Pod.
 * There is no kubelet here, so nothing runs in the Pod.
 */
import { Effect } from "effect"
import { type JsonObject, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { create } from "../contract/Deployment.ts"

/** A Pod of the daemon on a node, as the DaemonSet's controller would make it. */
export const createPod = (nodeName: string) =>
  create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: "linuxptp-daemon-", namespace: "ptp" },
    spec: { nodeName, serviceAccountName: "linuxptp-daemon", containers: [{ name: "linuxptp-daemon", image: "none" }] }
  })

export interface TokenOptions {
  /** A service account of namespace ptp; the daemon's by default. */
  readonly account?: string
  /** Binds the token to this Pod: it then carries the Pod's node, and ends with the Pod. */
  readonly pod?: JsonObject
}

/** A token by the TokenRequest API. */
export const createToken = Effect.fn("createToken")(function*({ account = "linuxptp-daemon", pod }: TokenOptions) {
  const request = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: 3600, ...(pod === undefined ? {} : { boundObjectRef: referenceTo(pod) }) }
  }
  const answer = yield* create(request, `/api/v1/namespaces/ptp/serviceaccounts/${account}/token`)
  return textAt(answer, "status", "token")
})

const referenceTo = (pod: JsonObject) => ({
  apiVersion: "v1",
  kind: "Pod",
  name: textAt(pod, "metadata", "name"),
  uid: textAt(pod, "metadata", "uid")
})

/** A token as the kubelet gets it for a Pod of the daemon on this node. */
export const createNodeToken = (nodeName: string) => Effect.flatMap(createPod(nodeName), (pod) => createToken({ pod }))
