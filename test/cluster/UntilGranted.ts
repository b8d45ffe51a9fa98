/** Waits until new roles take effect: a real server's authorizer learns of them a moment after they are stored. */
import { Effect } from "effect"
import { at } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call } from "../contract/ApiClient.ts"
import { daemonUser, granted, inWords } from "../contract/Grants.ts"
import { until } from "../contract/Until.ts"

/** Waits until the daemon may do all that deploy/02-rbac.yaml grants. */
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
