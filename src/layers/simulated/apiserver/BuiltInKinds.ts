/**
 * The built-in kinds that the embedded API server stores, with the columns that kube-apiserver prints for them
 * (k8s.io/kubernetes pkg/printers/internalversion). No controller acts on them: for example, a DaemonSet never starts a
 * pod.
 */
import { fromCoreEvent, toCoreEvent } from "./EventConversion.ts"
import { age } from "./HumanDuration.ts"
import { at, type Json, type JsonObject, listAt, objectAt, textAt } from "./JsonTree.ts"
import type { Column, ServedKind } from "./ServedKind.ts"

const column = (name: string, cell: Column["cell"], type = "string"): Column => ({
  name,
  type,
  format: "",
  description: "",
  priority: 0,
  cell
})

const ageColumn = column("Age", (object, now) => age(textAt(object, "metadata", "creationTimestamp"), now))
const createdColumn = column("Created At", (object) => textAt(object, "metadata", "creationTimestamp"))
const text = (...path: ReadonlyArray<string>) => (object: JsonObject): Json => textAt(object, ...path)
const count = (...path: ReadonlyArray<string>) => (object: JsonObject): Json => Number(at(object, ...path) ?? 0)
const size = (...path: ReadonlyArray<string>) => (object: JsonObject): Json =>
  Object.keys(objectAt(object, ...path)).length

const kind = (
  group: string,
  plural: string,
  kindName: string,
  options: Partial<ServedKind> = {}
): ServedKind => ({
  group,
  version: "v1",
  plural,
  kind: kindName,
  namespaced: true,
  singular: kindName.toLowerCase(),
  listKind: `${kindName}List`,
  shortNames: [],
  categories: [],
  hasStatus: false,
  columns: [ageColumn],
  selectableFields: [],
  ...options
})

const nodeStatus = (node: JsonObject): string => {
  const ready = listAt(node, "status", "conditions").find((condition) => textAt(condition, "type") === "Ready")
  const status = ready === undefined ? "Unknown" : textAt(ready, "status") === "True" ? "Ready" : "NotReady"
  return at(node, "spec", "unschedulable") === true ? `${status},SchedulingDisabled` : status
}

const roleLabel = "node-role.kubernetes.io/"

const nodeRoles = (node: JsonObject): string =>
  Object.keys(objectAt(node, "metadata", "labels")).filter((label) =>
    label.startsWith(roleLabel) && label !== roleLabel
  )
    .map((label) => label.slice(roleLabel.length)).sort().join(",") || "<none>"

const lastSeen = (event: JsonObject, now: number): string =>
  age(
    textAt(event, "series", "lastObservedTime") || textAt(event, "lastTimestamp") ||
      textAt(event, "deprecatedLastTimestamp") || textAt(event, "eventTime") ||
      textAt(event, "metadata", "creationTimestamp"),
    now
  )

const eventColumns = (regarding: string, note: string): ReadonlyArray<Column> => [
  column("Last Seen", lastSeen),
  column("Type", text("type")),
  column("Reason", text("reason")),
  column("Object", (event) => `${textAt(event, regarding, "kind").toLowerCase()}/${textAt(event, regarding, "name")}`),
  column("Message", text(note))
]

const regardingFields = (regarding: string): ReadonlyArray<string> => [
  ...["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map((f) => `${regarding}.${f}`),
  "reason",
  "type",
  "reportingController",
  "reportingComponent"
]

const events = kind("events.k8s.io", "events", "Event", {
  shortNames: ["ev"],
  columns: eventColumns("regarding", "note"),
  selectableFields: regardingFields("regarding")
})

const daemonSetColumns: ReadonlyArray<Column> = [
  column("Desired", count("status", "desiredNumberScheduled"), "integer"),
  column("Current", count("status", "currentNumberScheduled"), "integer"),
  column("Ready", count("status", "numberReady"), "integer"),
  column("Up-to-date", count("status", "updatedNumberScheduled"), "integer"),
  column("Available", count("status", "numberAvailable"), "integer"),
  column(
    "Node Selector",
    (object) =>
      Object.entries(objectAt(object, "spec", "template", "spec", "nodeSelector")).map(([key, value]) =>
        `${key}=${String(value)}`
      ).join(",") || "<none>"
  ),
  ageColumn
]

const roleColumn = column(
  "Role",
  (binding) => `${textAt(binding, "roleRef", "kind")}/${textAt(binding, "roleRef", "name")}`
)

const rbac = "rbac.authorization.k8s.io"

const admission = "admissionregistration.k8s.io"

const paramKind = (policy: JsonObject): string => {
  const of = objectAt(policy, "spec", "paramKind")
  return Object.keys(of).length === 0 ? "<unset>" : `${textAt(of, "apiVersion")}/${textAt(of, "kind")}`
}

const paramRef = (binding: JsonObject): string => {
  const of = objectAt(binding, "spec", "paramRef")
  if (Object.keys(of).length === 0) return "<unset>"
  const namespace = textAt(of, "namespace")
  return namespace === "" ? `*/${textAt(of, "name")}` : `${namespace}/${textAt(of, "name")}`
}

/** Definitions of custom resources are stored as objects too. */
export const customResourceDefinitions = kind(
  "apiextensions.k8s.io",
  "customresourcedefinitions",
  "CustomResourceDefinition",
  {
    namespaced: false,
    shortNames: ["crd", "crds"],
    categories: ["api-extensions"],
    hasStatus: true,
    columns: [createdColumn]
  }
)

export const namespaces = kind("", "namespaces", "Namespace", {
  namespaced: false,
  shortNames: ["ns"],
  hasStatus: true,
  columns: [column("Status", text("status", "phase")), ageColumn],
  selectableFields: ["status.phase"]
})

export const builtInKinds: ReadonlyArray<ServedKind> = [
  namespaces,
  kind("", "nodes", "Node", {
    namespaced: false,
    shortNames: ["no"],
    hasStatus: true,
    columns: [
      column("Status", nodeStatus),
      column("Roles", nodeRoles),
      ageColumn,
      column("Version", text("status", "nodeInfo", "kubeletVersion"))
    ],
    selectableFields: ["spec.unschedulable"]
  }),
  kind("", "events", "Event", {
    shortNames: ["ev"],
    columns: eventColumns("involvedObject", "message"),
    selectableFields: regardingFields("involvedObject"),
    sharedStorage: { type: events, fromStored: toCoreEvent, toStored: fromCoreEvent }
  }),
  kind("", "serviceaccounts", "ServiceAccount", {
    shortNames: ["sa"],
    columns: [column("Secrets", (object) => listAt(object, "secrets").length, "integer"), ageColumn]
  }),
  kind("", "configmaps", "ConfigMap", {
    shortNames: ["cm"],
    columns: [column("Data", size("data"), "integer"), ageColumn]
  }),
  kind("", "services", "Service", {
    shortNames: ["svc"],
    categories: ["all"],
    hasStatus: true,
    columns: [column("Type", text("spec", "type")), column("Cluster-IP", text("spec", "clusterIP")), ageColumn]
  }),
  kind("", "pods", "Pod", {
    shortNames: ["po"],
    categories: ["all"],
    hasStatus: true,
    columns: [column("Status", text("status", "phase")), ageColumn],
    selectableFields: ["spec.nodeName", "status.phase", "status.podIP", "spec.serviceAccountName", "spec.restartPolicy"]
  }),
  kind("apps", "daemonsets", "DaemonSet", {
    shortNames: ["ds"],
    categories: ["all"],
    hasStatus: true,
    columns: daemonSetColumns
  }),
  events,
  kind("coordination.k8s.io", "leases", "Lease", {
    columns: [column("Holder", text("spec", "holderIdentity")), ageColumn]
  }),
  kind(rbac, "roles", "Role", { columns: [createdColumn] }),
  kind(rbac, "rolebindings", "RoleBinding", { columns: [roleColumn, ageColumn] }),
  kind(rbac, "clusterroles", "ClusterRole", { namespaced: false, columns: [createdColumn] }),
  kind(rbac, "clusterrolebindings", "ClusterRoleBinding", { namespaced: false, columns: [roleColumn, ageColumn] }),
  // These are stored and shown but not enforced. A policy depends on who makes a request, and this server authenticates
  // nobody.
  kind(admission, "validatingadmissionpolicies", "ValidatingAdmissionPolicy", {
    namespaced: false,
    categories: ["api-extensions"],
    hasStatus: true,
    columns: [
      column("Validations", (policy) => listAt(policy, "spec", "validations").length, "integer"),
      column("ParamKind", paramKind),
      ageColumn
    ]
  }),
  kind(admission, "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", {
    namespaced: false,
    categories: ["api-extensions"],
    columns: [column("PolicyName", text("spec", "policyName")), column("ParamRef", paramRef), ageColumn]
  }),
  customResourceDefinitions
]
