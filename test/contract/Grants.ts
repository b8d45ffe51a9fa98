/** The rights that deploy/02-rbac.yaml grants to the daemon; each value is one verb on one resource. */
import { type JsonObject, listAt, textAt, textsAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { manifest } from "./Workspace.ts"

/** The daemon as the API server knows it. */
export const daemonUser = "system:serviceaccount:ptp:linuxptp-daemon"

/** A verb on a resource, and where. */
export interface Grant {
  readonly verb: string
  readonly apiGroup: string
  readonly resource: string
  readonly subresource: string
  /** Empty for the whole cluster. */
  readonly namespace: string
}

/** A grant, or a use of one, as a sentence. */
export const inWords = ({ apiGroup, namespace, resource, subresource, verb }: Grant) =>
  [
    verb,
    `${resource}${subresource === "" ? "" : `/${subresource}`}${apiGroup === "" ? "" : `.${apiGroup}`}`,
    namespace === "" ? "in the cluster" : `in ${namespace}`
  ].join(" ")

const grantsOf = (role: JsonObject): ReadonlyArray<Grant> =>
  listAt(role, "rules").flatMap((rule) =>
    textsAt(rule, "apiGroups").flatMap((apiGroup) =>
      textsAt(rule, "resources").flatMap((words) => {
        const [resource = "", subresource = ""] = words.split("/")
        const namespace = textAt(role, "metadata", "namespace")
        return textsAt(rule, "verbs").map((verb) => ({ verb, apiGroup, resource, subresource, namespace }))
      })
    )
  )

/** Everything that the manifest grants. */
export const granted = manifest("02-rbac.yaml").flatMap(grantsOf)
