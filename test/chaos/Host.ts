/** The simulated machine without its processes, and how the daemon sees it and the API server. */
import { Option } from "effect"
import type { NetworkInterface } from "../../src/services/devices/PtpDevice.ts"
import type { KubernetesObject } from "../../src/services/kubernetes/KubernetesObject.ts"
import type { LinuxptpVersion } from "../../src/services/linuxptp/LinuxptpVersion.ts"
import type { KnownGood } from "../../src/services/profiles/LastKnownGood.ts"
import { firstVersion, makeNic, nodeName } from "../simulation/SimulatedNode.ts"
import { type Cluster, toObject, type Written } from "./Cluster.ts"
import type { Facts } from "./SimulatedDaemon.ts"

export interface Host {
  /** The PHC's index of every NIC that is there. */
  readonly nics: Map<string, number>
  linuxptp: Option.Option<LinuxptpVersion>
  isApiSilent: boolean
  /** What survives the daemon. */
  disk: Option.Option<KnownGood>
  isDiskFull: boolean
  /** Until the disk answers at the next start. */
  loadMillis: number
}

export const makeHost = (): Host => ({
  nics: new Map([["ens1f0", 0], ["ens2f0", 1]]),
  linuxptp: Option.some(firstVersion),
  isApiSilent: false,
  disk: Option.none(),
  isDiskFull: false,
  loadMillis: 0
})

export const interfacesOf = ({ nics }: Host): ReadonlyArray<NetworkInterface> =>
  [...nics].map(([name, phc]) => makeNic(name, phc))

/** Everything as it is just now. An object that did not change stays the same value, as a watch gives it. */
export const makeFacts = (cluster: Cluster, host: Host): () => Facts => {
  const objects = new WeakMap<Written, KubernetesObject>()
  const objectOf = (config: Written) => {
    const object = objects.get(config) ?? toObject(config)
    objects.set(config, object)
    return object
  }
  let node: KubernetesObject = { metadata: { name: nodeName, labels: cluster.labels() } }
  return () => {
    if (node.metadata.labels !== cluster.labels()) {
      node = { metadata: { name: nodeName, labels: cluster.labels() } }
    }
    const configs = [...cluster.configs.values()].toSorted((a, b) => a.name < b.name ? -1 : 1).map(objectOf)
    return {
      objects: host.isApiSilent ? undefined : { configs, node },
      interfaces: interfacesOf(host)
    }
  }
}
