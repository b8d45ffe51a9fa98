/** What deploy/02-rbac.yaml grants to the daemon, one verb on one resource a value. */
import { Effect } from "effect"
import { at, type JsonObject, listAt, textAt, textsAt } from "../../src/layers/kubernetes/embedded/JsonTree.ts"
import { call } from "../contract/ApiClient.ts"
import { manifest } from "../contract/Workspace.ts"
import { until } from "./Until.ts"

/** The daemon as the API server knows it. */
export const daemonUser = "system:serviceaccount:ptp:linuxptp-daemon"

interface Grant {
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

/** Waits until the server's authorizer has learned of the new roles, which is a moment after they are stored. */
export const untilGranted = Effect.forEach(granted, (grant) =>
  until(
    inWords(grant),
    call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: daemonUser,
        groups: ["system:serviceaccounts", "system:serviceaccounts:ptp", "system:authenticated"],
        resourceAttributes: {
          verb: grant.verb,
          group: grant.apiGroup,
          resource: grant.resource,
          subresource: grant.subresource,
          namespace: grant.namespace
        }
      }
    }),
    ({ body }) => at(body, "status", "allowed") === true
  ), { discard: true })
