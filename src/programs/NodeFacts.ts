/**
 * All that a decision for this node depends on, as one stream: every change of a fact gives the facts that it leaves.
 * Until the API server has told both of the configuration and of this Node, the last configuration that worked stands
 * in for both: half of each would be a third thing that nobody ever wanted.
 */
import { Duration, Effect, Equal, Option, Schedule, Stream } from "effect"
import { DeviceDiscovery } from "../services/devices/DeviceDiscovery.ts"
import type { NetworkInterface } from "../services/devices/PtpDevice.ts"
import { KubernetesApi, type WatchedChange } from "../services/kubernetes/KubernetesApi.ts"
import type { KubernetesObject } from "../services/kubernetes/KubernetesObject.ts"
import { type NodeIdentity, nodeIdentity, nodes } from "../services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../services/kubernetes/NodePTPCfg.ts"
import { InstalledLinuxptp } from "../services/linuxptp/InstalledLinuxptp.ts"
import type { LinuxptpVersion } from "../services/linuxptp/LinuxptpVersion.ts"
import { objectsOf } from "../services/profiles/KnownGoodOf.ts"
import type { KnownGood } from "../services/profiles/LastKnownGood.ts"
import { Settings } from "../services/Settings.ts"

/** Until linuxptp is found it is looked for this often. */
const linuxptpPoll = Duration.seconds(5)

/** A field is undefined until it is known. */
export interface Facts {
  readonly configs: ReadonlyArray<KubernetesObject> | undefined
  readonly node: ReadonlyArray<KubernetesObject> | undefined
  readonly interfaces: ReadonlyArray<NetworkInterface> | undefined
  readonly linuxptp: Option.Option<LinuxptpVersion> | undefined
  /** The change of the API that these facts come from; undefined when something else changed. */
  readonly cause: WatchedChange | undefined
}

const unknown: Facts = {
  configs: undefined,
  node: undefined,
  interfaces: undefined,
  linuxptp: undefined,
  cause: undefined
}

/** What is configured, for which node, and whether that is only remembered from disk. */
export interface Configuration {
  readonly objects: ReadonlyArray<KubernetesObject>
  readonly node: NodeIdentity
  readonly isFromDisk: boolean
}

/** Undefined while nothing is known at all. */
export const configurationOf = (
  { configs, node }: Facts,
  nodeName: string,
  knownGood: Option.Option<KnownGood>
): Configuration | undefined => {
  if (configs !== undefined && node !== undefined) {
    return { objects: configs, node: nodeIdentity(nodeName, node[0]), isFromDisk: false }
  }
  return Option.isNone(knownGood)
    ? undefined
    : { objects: objectsOf(knownGood.value), node: knownGood.value.node, isFromDisk: true }
}

/** Only what decisions read: links go up and down, and nothing is decided anew for it. */
const decisive = ({ hardwareTimestamping, ifindex, isTold, name, phcIndex }: NetworkInterface) => [
  name,
  ifindex,
  phcIndex,
  isTold,
  hardwareTimestamping
]

/** The facts after each change; `lookAgain` gives the same facts once more, because what was learned from them changed. */
export const nodeFacts = Effect.fnUntraced(function*(lookAgain: Stream.Stream<void>) {
  const api = yield* KubernetesApi
  const discovery = yield* DeviceDiscovery
  const installed = yield* InstalledLinuxptp
  const { nodeName } = yield* Settings
  const changes: ReadonlyArray<Stream.Stream<Partial<Facts>>> = [
    api.watchAll(nodePTPCfgs, { traced: true }).pipe(
      Stream.map(({ change, objects }) => ({ configs: objects, cause: change }))
    ),
    api.watchAll(nodes, { name: nodeName, metadataOnly: true }).pipe(
      // A kubelet's heartbeats change the Node, but nothing that a rule reads.
      Stream.changesWith((a, b) => Equal.equals(labelsOf(a.objects), labelsOf(b.objects))),
      Stream.tap(({ objects }) => objects.length === 0 ? tellNoNode(nodeName) : Effect.void),
      Stream.map(({ change, objects }) => ({ node: objects, cause: change }))
    ),
    discovery.interfaces.pipe(
      Stream.changesWith((a, b) => Equal.equals(a.map(decisive), b.map(decisive))),
      Stream.map((interfaces) => ({ interfaces, cause: undefined }))
    ),
    Stream.fromEffectSchedule(installed.version, Schedule.spaced(linuxptpPoll)).pipe(
      Stream.takeUntil(Option.isSome),
      Stream.changes,
      Stream.map((linuxptp) => ({ linuxptp, cause: undefined }))
    ),
    Stream.map(lookAgain, () => ({ cause: undefined }))
  ]
  return Stream.mergeAll(changes, { concurrency: "unbounded" }).pipe(
    Stream.scan(() => unknown, (known, change): Facts => ({ ...known, ...change }))
  )
})

const tellNoNode = (nodeName: string) =>
  Effect.logWarning("there is no Node of this name: rules by nodeLabel cannot match").pipe(
    Effect.annotateLogs({ nodeName })
  )

const labelsOf = (objects: ReadonlyArray<KubernetesObject>) => objects.map(({ metadata }) => metadata.labels)
