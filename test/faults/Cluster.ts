/**
 * What people and controllers write to the API server without the proxy: NodePTPCfg objects, the Node's labels, and
 * sometimes another program's change of the NodePTPDev. It also knows what should run on the node as a result.
 */
import { Effect, Option, Result, Schema } from "effect"
import type { JsonObject } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { withField, withMetadata } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import type { ObjectKey } from "../../src/layers/simulated/apiserver/ObjectStore.ts"
import { KubernetesObject, type ResourceType } from "../../src/services/kubernetes/KubernetesObject.ts"
import { nodeIdentity, nodes } from "../../src/services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../../src/services/kubernetes/NodePTPCfg.ts"
import { nodePTPDevs } from "../../src/services/kubernetes/NodePTPDev.ts"
import { decide } from "../../src/services/profiles/Decide.ts"
import type { Decision } from "../../src/services/profiles/Decision.ts"
import { emptyVersionMemory } from "../../src/services/profiles/VersionMemory.ts"
import type { Dice } from "../simulation/Dice.ts"
import { firstVersion, namespace, nodeName, runDirectory } from "../simulation/SimulatedNode.ts"
import type { VirtualProcess } from "../simulation/VirtualTime.ts"
import { interfaces } from "./Daemon.ts"
import type { ServerState } from "./ServerState.ts"

/** What a decision depends on, as the server has it. */
export interface Written {
  readonly configs: ReadonlyArray<KubernetesObject>
  readonly node: KubernetesObject | undefined
}

const decodeObject = Schema.decodeUnknownSync(KubernetesObject)

export const writtenIn = (state: ServerState): Written => {
  const [node] = state.objects(nodes)
  return {
    configs: state.objects(nodePTPCfgs).map((object) => decodeObject(object)),
    node: node === undefined ? undefined : decodeObject(node)
  }
}

export const decisionOf = ({ configs, node }: Written): Decision =>
  decide({
    objects: configs,
    node: nodeIdentity(nodeName, node),
    interfaces,
    linuxptpVersion: firstVersion,
    runDir: runDirectory,
    memory: emptyVersionMemory,
    running: []
  }).decision

/** Each has a NIC of its own, so that an edit of one is no reason to touch the other's processes. */
const profiles = {
  cell: { interface: "ens1f0", ptp4lOpts: "-2", phc2sysOpts: "-a -r" },
  radio: { interface: "ens2f0", ptp4lOpts: "-2 --domainNumber 24" },
  /** For a node that is not this one. */
  elsewhere: { interface: "ens1f0", ptp4lOpts: "-4" }
}
export type ConfigName = keyof typeof profiles
const matches = { cell: { nodeName }, radio: { nodeLabel: "ptp=yes" }, elsewhere: { nodeName: "worker-2" } }

const configOf = (name: ConfigName): JsonObject => ({
  metadata: { name, namespace },
  spec: {
    profile: [{ name, ...profiles[name] }],
    recommend: [{ profile: name, priority: 4, match: [matches[name]] }]
  }
})

const keyOf = (kind: ResourceType, name: string): ObjectKey => ({ namespace: kind.namespaced ? namespace : "", name })

export type Cluster = ReturnType<typeof makeCluster>

export const makeCluster = (state: ServerState, process: VirtualProcess, dice: Dice) => {
  const run = Effect.runSyncExitWith(process.context)
  const { store } = state
  let edits = 0
  const write = { dryRun: false }
  const change = (kind: ResourceType, name: string, by: (object: JsonObject) => JsonObject) =>
    void run(store.update(kind, keyOf(kind, name), (object) => Result.succeed(by(object)), write))
  const has = (kind: ResourceType, name: string) =>
    Option.isSome(
      Effect.runSync(store.get(kind, keyOf(kind, name)))
    )
  const remove = (kind: ResourceType, name: string) =>
    void run(store.remove(kind, keyOf(kind, name), { ...write, uid: undefined, resourceVersion: undefined }))
  const create = (name: ConfigName) => void run(store.create(nodePTPCfgs, configOf(name), write))
  const createNode = (labels: Readonly<Record<string, string>>) =>
    void run(store.create(nodes, { metadata: { name: nodeName, labels }, spec: {}, status: {} }, write))

  /** The options of one profile, to something that they never were. */
  const edit = (name: "cell" | "radio") => {
    edits += 1
    if (!has(nodePTPCfgs, name)) return create(name)
    const options = name === "cell" && dice.chance(0.3)
      ? { phc2sysOpts: `-a -r -u ${edits}` }
      : { ptp4lOpts: `-2 --priority2 ${edits % 256} --domainNumber ${24 + (edits >> 8)}` }
    const spec = configOf(name)["spec"]
    change(nodePTPCfgs, name, (object) =>
      withField(object, "spec", {
        ...(typeof spec === "object" && spec !== null && !Array.isArray(spec) ? spec : {}),
        profile: [{ name, ...profiles[name], ...options }]
      }))
  }
  const setLabels = (labels: Readonly<Record<string, string>>) =>
    change(nodes, nodeName, (node) => withMetadata(node, { labels }))

  const cluster = {
    populate: () => {
      createNode({ ptp: "yes" })
      create("cell")
      create("radio")
    },
    edit,
    create,
    has: (name: ConfigName) => has(nodePTPCfgs, name),
    remove: (name: ConfigName) => remove(nodePTPCfgs, name),
    setLabels,
    /** Changes no rule reads. */
    heartbeat: () => {
      edits += 1
      change(nodes, nodeName, (node) => withField(node, "status", { heartbeat: edits }))
    },
    removeNode: () => remove(nodes, nodeName),
    createNode,
    hasNode: () => has(nodes, nodeName),
    removeStatusObject: () => remove(nodePTPDevs, nodeName),
    overwriteStatus: () =>
      change(
        nodePTPDevs,
        nodeName,
        (object) => withField(object, "status", dice.chance(0.5) ? { profiles: "mine" } : undefined)
      ),
    setMetadata: (name: ConfigName, labels: Readonly<Record<string, string>>) =>
      change(nodePTPCfgs, name, (object) => withMetadata(object, { labels }))
  }
  return cluster
}

/** One thing that somebody does, in words. */
export const someEdit = (cluster: Cluster, dice: Dice): string => {
  const edits: ReadonlyArray<readonly [string, () => void]> = [
    ["edit cell", () => cluster.edit("cell")],
    ["edit cell", () => cluster.edit("cell")],
    ["edit radio", () => cluster.edit("radio")],
    ["delete radio", () => cluster.remove("radio")],
    ["delete cell", () => cluster.remove("cell")],
    ["make cell and radio, if they are not there", () => {
      cluster.create("cell")
      cluster.create("radio")
    }],
    [
      "make a profile of another node, or delete it",
      () => cluster.has("elsewhere") ? cluster.remove("elsewhere") : cluster.create("elsewhere")
    ],
    ["an edit of metadata", () => cluster.setMetadata("cell", { seen: String(dice.between(0, 1e6)) })],
    ["the node loses its label", () => cluster.setLabels({})],
    ["the node has its label", () => cluster.setLabels({ ptp: "yes" })],
    ["a heartbeat of the kubelet", () => cluster.heartbeat()],
    [
      "the Node object is deleted, or made",
      () => cluster.hasNode() ? cluster.removeNode() : cluster.createNode({ ptp: "yes" })
    ],
    ["somebody deletes the NodePTPDev", () => cluster.removeStatusObject()],
    ["somebody overwrites the status", () => cluster.overwriteStatus()]
  ]
  const [words, act] = dice.some(edits) ?? ["nothing", () => {}]
  act()
  return words
}
