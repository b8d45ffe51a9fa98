/**
 * The facts for a decision, once enough sources have answered. Until the API server has answered about both the
 * configuration and this Node, the last configuration that worked is used in place of both. To mix the two halves would
 * make a configuration that nobody has ever wanted. A disk that is late is waited for until the API server has
 * answered: a node that boots under load must not lose its last configuration.
 */
import { Option } from "effect"
import type { NetworkInterface } from "../devices/PtpDevice.ts"
import type { WatchedChange } from "../kubernetes/KubernetesApi.ts"
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import { type NodeIdentity, nodeIdentity } from "../kubernetes/Node.ts"
import type { LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import { objectsOf } from "./KnownGoodOf.ts"
import type { KnownGood } from "./LastKnownGood.ts"

/** What is known so far. A field is undefined until its source has answered. */
export interface ToldFacts {
  readonly configs: ReadonlyArray<KubernetesObject> | undefined
  readonly node: ReadonlyArray<KubernetesObject> | undefined
  readonly interfaces: ReadonlyArray<NetworkInterface> | undefined
  /** `None`: linuxptp was looked for and is not installed. */
  readonly linuxptp: Option.Option<LinuxptpVersion> | undefined
  /** What is on disk. `None`: there is nothing that can be used. */
  readonly knownGood: Option.Option<KnownGood> | undefined
  /** The disk has had its time, so the API server's answer is used without it. */
  readonly isDiskLate: boolean
  /** The change at the API server that led to these facts; undefined if something else changed. */
  readonly cause: WatchedChange | undefined
}

/** What is configured, for which node, and whether it comes from disk. */
export interface Configuration {
  readonly objects: ReadonlyArray<KubernetesObject>
  readonly node: NodeIdentity
  readonly isFromDisk: boolean
}

/** Enough facts for a decision, except that linuxptp may be missing. */
export interface DecisionFacts extends Pick<ToldFacts, "interfaces" | "cause"> {
  readonly configuration: Configuration
  readonly linuxptp: Option.Option<LinuxptpVersion>
  /** `None` also if the disk has not answered. */
  readonly knownGood: Option.Option<KnownGood>
}

/** `None` while a source that a decision depends on has not answered. */
export const decisionFacts = (told: ToldFacts, nodeName: string): Option.Option<DecisionFacts> => {
  const { cause, interfaces, isDiskLate, linuxptp } = told
  if (linuxptp === undefined || (told.knownGood === undefined && !isDiskLate)) return Option.none()
  const knownGood = told.knownGood ?? Option.none()
  return Option.map(configurationOf(told, nodeName, knownGood), (configuration) => ({
    configuration,
    linuxptp,
    interfaces,
    cause,
    knownGood
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
