/**
 * The reviews behind `kubectl auth can-i` and `kubectl auth whoami`: questions that are answered and not stored.
 * This server has one user, who may do everything. Bodies are not read: kubectl sends protobuf here.
 */
import type { JsonObject } from "./JsonTree.ts"

interface AccessReview {
  readonly group: string
  readonly plural: string
  readonly kind: string
  readonly status: JsonObject
}

const everything = ["*"]

export const accessReviews: ReadonlyArray<AccessReview> = [
  {
    group: "authorization.k8s.io",
    plural: "selfsubjectaccessreviews",
    kind: "SelfSubjectAccessReview",
    status: { allowed: true, reason: "the embedded API server allows everything" }
  },
  {
    group: "authorization.k8s.io",
    plural: "selfsubjectrulesreviews",
    kind: "SelfSubjectRulesReview",
    status: {
      incomplete: false,
      resourceRules: [{ verbs: everything, apiGroups: everything, resources: everything }],
      nonResourceRules: [{ verbs: everything, nonResourceURLs: everything }]
    }
  },
  {
    group: "authentication.k8s.io",
    plural: "selfsubjectreviews",
    kind: "SelfSubjectReview",
    status: { userInfo: { username: "system:admin", groups: ["system:masters", "system:authenticated"] } }
  }
]

/** The answer to a review of `group/v1`, or nothing when it is none that this server knows. */
export const answeredReview = (group: string, plural: string): JsonObject | undefined => {
  const review = accessReviews.find((known) => known.group === group && known.plural === plural)
  if (review === undefined) return undefined
  return { kind: review.kind, apiVersion: `${group}/v1`, metadata: {}, spec: {}, status: review.status }
}
