/**
 * What is wrong about a manifest that was meant to be a NodePTPCfg: fields that the kind does not have, and kinds that
 * only look like it. `plan` tells it; the daemon never meets either, because the API server drops or refuses them.
 */
import { Schema } from "effect"
import { didYouMean } from "../DidYouMean.ts"
import { type FieldProblem, showValue } from "./FieldProblems.ts"
import { apiVersionOf } from "./KubernetesObject.ts"
import { nodePTPCfgs, NodePTPCfgSpec } from "./NodePTPCfg.ts"
import { nodePTPDevs } from "./NodePTPDev.ts"
import { unknownFields } from "./UnknownFields.ts"

/** The names of Kubernetes' ObjectMeta. */
const metadataFields = [
  "name",
  "namespace",
  "labels",
  "annotations",
  "generateName",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "finalizers",
  "ownerReferences",
  "managedFields",
  "selfLink"
]

const Manifest = Schema.Struct({
  apiVersion: Schema.Unknown,
  kind: Schema.Unknown,
  metadata: Schema.Struct(Object.fromEntries(metadataFields.map((name) => [name, Schema.Unknown]))),
  spec: NodePTPCfgSpec
})

const operator = "the OpenShift PTP operator"
const oneLabel = "name each label in a rule of its own, nodeLabel: key=value"

/** Fields that people bring along from PtpConfig and from label selectors, and what to do about each. */
const foreignFields: ReadonlyMap<string, string> = new Map([
  ["plugins", `it belongs to ${operator}; this daemon has no plugins, and what they set up at a NIC is done elsewhere`],
  ["synce4lOpts", `it belongs to ${operator}; this daemon does not run synce4l`],
  ["synce4lConf", `it belongs to ${operator}; this daemon does not run synce4l`],
  ["chronydOpts", `it belongs to ${operator}; this daemon runs chronyd only below timemaster`],
  ["chronydConf", `it belongs to ${operator}; this daemon runs chronyd only below timemaster`],
  ["interfaces", "a profile has one interface; further ports are sections of ptp4lConf"],
  ["matchLabels", oneLabel],
  ["matchExpressions", oneLabel],
  ["nodeSelector", oneLabel],
  ["nodeSelectorTerms", oneLabel]
])

/** The fields that a NodePTPCfg does not have, each with what was probably meant. */
export const unknownNodePTPCfgFields = (manifest: unknown): ReadonlyArray<FieldProblem> =>
  unknownFields(manifest, Manifest, foreignFields)

const meantInstead = `${nodePTPCfgs.kind} of ${apiVersionOf(nodePTPCfgs)}`

/** Kinds with the group of ours that belong to the operator. */
const foreignKinds: ReadonlyMap<string, string> = new Map([
  [
    "PtpConfig",
    `belongs to ${operator}; this daemon reads ${meantInstead}, whose profile and recommend are written alike`
  ],
  ["PtpOperatorConfig", `belongs to ${operator}, which this daemon does not need`],
  ["HardwareConfig", `belongs to ${operator}; this daemon has nothing like it`],
  ["NodePtpDevice", `belongs to ${operator}; this daemon writes ${nodePTPDevs.kind} instead`]
])

/** How people write our kind when they do not copy it; anything else with `ptp` in it is near enough to be told. */
const spellings = [nodePTPCfgs.kind, "NodePTPConfig", "PTPCfg"]

/**
 * Why a resource of another kind, which `plan` passes over, was probably meant for this daemon. Undefined for all other
 * kinds, such as a Deployment.
 */
export const whyNotOurs = (apiVersion: unknown, kind: string): string | undefined => {
  const isOurGroup = typeof apiVersion === "string" && apiVersion.split("/")[0] === nodePTPCfgs.group
  if (isOurGroup && kind === nodePTPDevs.kind) return undefined
  const looksAlike = isOurGroup || /ptp/i.test(kind)
  const foreign = looksAlike ? foreignKinds.get(kind) : undefined
  const passedOver = `is passed over, its kind is ${showValue(kind)}`
  if (foreign !== undefined) return `${passedOver}: it ${foreign}`
  if (didYouMean(kind, spellings) !== undefined) return `${passedOver}: did you mean ${meantInstead}?`
  return looksAlike ? `${passedOver}: this daemon reads only ${meantInstead}` : undefined
}
