/**
 * Checks whether the daemon is in sync with the API server: what it has learned, what runs, and what it has written.
 */
import { Equal, Option, Schema } from "effect"
import type { KubernetesObject, ResourceType } from "../../src/services/kubernetes/KubernetesObject.ts"
import { nodes } from "../../src/services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../../src/services/kubernetes/NodePTPCfg.ts"
import { nodePTPDevs, NodePTPDevStatus } from "../../src/services/kubernetes/NodePTPDev.ts"
import { nodeStatus } from "../../src/services/status/NodeStatus.ts"
import { decisionOf, writtenIn } from "./Cluster.ts"
import { interfaces } from "./Daemon.ts"
import type { Exchange } from "./Exchange.ts"
import type { Node } from "./Node.ts"
import type { ServerState } from "./ServerState.ts"

interface SyncFacts {
  readonly state: ServerState
  readonly node: Node
  readonly proxy: { readonly exchanges: () => ReadonlyArray<Exchange> }
}

const kinds: ReadonlyArray<ResourceType> = [nodePTPCfgs, nodes, nodePTPDevs]
const decodeStatus = Schema.decodeUnknownOption(NodePTPDevStatus)
const decodeVersion = Schema.decodeUnknownSync(
  Schema.Struct({
    metadata: Schema.Struct({ name: Schema.String, uid: Schema.String, resourceVersion: Schema.String })
  })
)

const versionOf = ({ metadata: { name, resourceVersion, uid } }: KubernetesObject) =>
  `${name} ${uid} ${resourceVersion}`

/** Kinds of which the programs know something else than the server. */
const staleSets = ({ node, state }: SyncFacts): ReadonlyArray<string> =>
  kinds.filter((kind) => {
    const known = node.daemon.sets.get(kind.plural)
    const there = state.objects(kind).map((object) => versionOf(decodeVersion(object)))
    return known === undefined || !Equal.equals(known.map(versionOf), there)
  }).map(({ plural }) => `what it knows of ${plural} is old`)

/**
 * Nothing is old where nothing was said: whether it would be heard is another question. Not on a dead connection, and
 * not on a watch from a version that a restored server has yet to reach.
 */
const unheard = ({ proxy, state }: SyncFacts): ReadonlyArray<string> =>
  kinds.filter(({ plural }) =>
    !proxy.exchanges().some(({ front, isStreaming, params, resource }) =>
      resource === plural && isStreaming && !front.isStuck && Number(params.get("resourceVersion")) <= state.version()
    )
  ).map(({ plural }) => `nobody listens to ${plural}`)

const wrongProcesses = ({ node, state }: SyncFacts): ReadonlyArray<string> => {
  const { processes } = decisionOf(writtenIn(state))
  const wish = node.wish()
  const children = node.children()
  if (wish === undefined || !Equal.equals(wish, processes)) return ["it wants other processes"]
  const areRunning = children.length === processes.length &&
    processes.every((spec) =>
      children.some((child) =>
        Equal.equals(child.spec, spec) && child.readyAt !== undefined && child.termAt === undefined
      )
    )
  return areRunning ? [] : ["other processes run than it wants"]
}

/** By the same rule as the daemon's, from what is true. The object is made for a Node alone. */
const wrongStatus = ({ node, state }: SyncFacts): ReadonlyArray<string> => {
  const [object] = state.objects(nodePTPDevs)
  if (object === undefined && state.objects(nodes).length === 0) return []
  const published = Option.getOrUndefined(decodeStatus(object?.["status"]))
  if (published === undefined) return ["there is no status"]
  const due = nodeStatus(
    {
      decision: decisionOf(writtenIn(state)),
      isFromDisk: false,
      linuxptpMissing: false,
      statuses: node.daemon.statuses(),
      clock: undefined,
      daemon: published.daemon,
      interfaces
    },
    published,
    ""
  )
  return Equal.equals(published, due) ? [] : ["the status says something else"]
}

/** What is not in step, in words; empty when everything is. */
export const outOfSync = (facts: SyncFacts): ReadonlyArray<string> => [
  ...staleSets(facts),
  ...unheard(facts),
  ...wrongProcesses(facts),
  ...wrongStatus(facts)
]
