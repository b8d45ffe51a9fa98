/**
 * The kind NodePTPDev: the devices of one node and what runs there. The daemon writes it as a status subresource. The
 * object has the name of the node, and its spec is empty.
 */
import { Schema } from "effect"
import { Condition, type ResourceType } from "./KubernetesObject.ts"

export const nodePTPDevs: ResourceType = {
  group: "ptp.openshift.io",
  version: "v1",
  plural: "nodeptpdevs",
  kind: "NodePTPDev",
  namespaced: true
}

/** A published NIC. `phcIndex` is N of /dev/ptpN. */
const PublishedDevice = Schema.Struct({
  name: Schema.String,
  phcIndex: Schema.optionalKey(Schema.Int),
  pciAddress: Schema.optionalKey(Schema.String),
  driver: Schema.optionalKey(Schema.String),
  linkUp: Schema.optionalKey(Schema.Boolean),
  profile: Schema.optionalKey(Schema.String)
})

/**
 * A profile that runs, and why. `priority` is absent if its recommendation has none, because kube-apiserver removes
 * null in lists.
 */
const PublishedProfile = Schema.Struct({
  name: Schema.String,
  config: Schema.String,
  generation: Schema.optionalKey(Schema.Int),
  priority: Schema.optionalKey(Schema.Int),
  matchedBy: Schema.String
})

const PublishedProcess = Schema.Struct({
  id: Schema.String,
  program: Schema.String,
  profile: Schema.String,
  state: Schema.Literals(["Starting", "Running", "BackOff", "Stopping"]),
  restarts: Schema.Int,
  lastExit: Schema.optionalKey(Schema.String)
})

const PublishedClock = Schema.Struct({
  state: Schema.Literals(["FREERUN", "LOCKED", "HOLDOVER"]),
  grandmaster: Schema.optionalKey(Schema.String),
  ports: Schema.Array(Schema.Struct({ interface: Schema.String, state: Schema.String })),
  since: Schema.String
})

/** The daemon that wrote the status. `stoppedAt` stands there once it was stopped in order. */
const PublishedDaemon = Schema.Struct({
  version: Schema.String,
  pod: Schema.optionalKey(Schema.String),
  linuxptp: Schema.optionalKey(Schema.String),
  startedAt: Schema.String,
  stoppedAt: Schema.optionalKey(Schema.String)
})
export type PublishedDaemon = typeof PublishedDaemon.Type

export const NodePTPDevStatus = Schema.Struct({
  ptpDevices: Schema.Array(PublishedDevice),
  profiles: Schema.Array(PublishedProfile),
  processes: Schema.Array(PublishedProcess),
  clock: Schema.optionalKey(PublishedClock),
  daemon: Schema.optionalKey(PublishedDaemon),
  conditions: Schema.Array(Condition)
})
export type NodePTPDevStatus = typeof NodePTPDevStatus.Type
