/**
 * What a decision is made from, once enough has answered. Until the API server has told both of the configuration and
 * of this Node, the last configuration that worked stands in for both: half of each would be a third thing that nobody
 * ever wanted.
 */
import { Option } from "effect"
import type { NetworkInterface } from "../devices/PtpDevice.ts"
import type { WatchedChange } from "../kubernetes/KubernetesApi.ts"
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import { type NodeIdentity, nodeIdentity } from "../kubernetes/Node.ts"
import type { LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import { objectsOf } from "./KnownGoodOf.ts"
import type { KnownGood } from "./LastKnownGood.ts"

/** What was told so far: a field is undefined until it is known. */
export interface ToldFacts {
  readonly configs: ReadonlyArray<KubernetesObject> | undefined
  readonly node: ReadonlyArray<KubernetesObject> | undefined
  readonly interfaces: ReadonlyArray<NetworkInterface> | undefined
  /** `None`: it was looked for and is not there. */
  readonly linuxptp: Option.Option<LinuxptpVersion> | undefined
  /** The change of the API that these facts come from; undefined when something else changed. */
  readonly cause: WatchedChange | undefined
}

/** What is configured, for which node, and whether that is only remembered from disk. */
export interface Configuration {
  readonly objects: ReadonlyArray<KubernetesObject>
  readonly node: NodeIdentity
  readonly isFromDisk: boolean
}

/** Enough to decide on, apart from a linuxptp that is not there. */
export interface DecisionFacts extends Pick<ToldFacts, "interfaces" | "cause"> {
  readonly configuration: Configuration
  readonly linuxptp: Option.Option<LinuxptpVersion>
}

/** `None` while not everything is known that a decision depends on. */
export const decisionFacts = (
  told: ToldFacts,
  nodeName: string,
  knownGood: Option.Option<KnownGood>
): Option.Option<DecisionFacts> => {
  const { cause, interfaces, linuxptp } = told
  if (linuxptp === undefined) return Option.none()
  return Option.map(configurationOf(told, nodeName, knownGood), (configuration) => ({
    configuration,
    linuxptp,
    interfaces,
    cause
  }))
}

const configurationOf = (
  { configs, node }: ToldFacts,
  nodeName: string,
  knownGood: Option.Option<KnownGood>
): Option.Option<Configuration> =>
  configs !== undefined && node !== undefined
    ? Option.some({ objects: configs, node: nodeIdentity(nodeName, node[0]), isFromDisk: false })
    : Option.map(knownGood, (good) => ({ objects: objectsOf(good), node: good.node, isFromDisk: true }))
