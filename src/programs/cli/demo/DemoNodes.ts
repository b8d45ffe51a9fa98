/**
 * The nodes of the demo's cluster with their labels and NICs, and the NodePTPCfg objects at its start. The demo command
 * creates them. Every example has priority 10 or above, so that the README's example (priority 4) wins when a reader
 * applies it.
 */
import { byName } from "../../../services/devices/InterfaceClassification.ts"
import type { NetworkInterface } from "../../../services/devices/PtpDevice.ts"
import type { Manifest } from "./CreateManifests.ts"

export interface DemoNode {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly interfaces: ReadonlyArray<NetworkInterface>
}

const workerLabel = "node-role.kubernetes.io/worker"

/**
 * `count` workers. `worker-1` has the NICs of the README's example; the others have a four-port E810 instead of its
 * i40e.
 */
export const demoNodes = (count: number): ReadonlyArray<DemoNode> =>
  Array.from({ length: count }, (_, index) => {
    const name = `worker-${index + 1}`
    const cards = index === 0 ? [quadI40e, dualE810] : [quadE810, dualE810]
    return {
      name,
      labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", [workerLabel]: "" },
      interfaces: cards.flatMap(portsOf).toSorted(byName)
    }
  })

/** One network card. Its ports are functions of one PCI device. */
interface Card {
  readonly slot: string
  readonly ports: number
  readonly driver: string
  readonly pciDevice: string
  /** N of /dev/ptpN of the first port. */
  readonly firstPhc: number
  /** True if all ports share one PHC, as on an E810; else each port has one. */
  readonly sharesPhc: boolean
}

const quadI40e: Card = {
  slot: "ens785",
  ports: 4,
  driver: "i40e",
  pciDevice: "0000:5e:00",
  firstPhc: 0,
  sharesPhc: false
}
const quadE810: Card = { slot: "ens1", ports: 4, driver: "ice", pciDevice: "0000:17:00", firstPhc: 0, sharesPhc: true }
// Every node has this card: a profile for a label can name only one interface, and the README's example names ens787f1.
const dualE810: Card = {
  slot: "ens787",
  ports: 2,
  driver: "ice",
  pciDevice: "0000:81:00",
  firstPhc: 4,
  sharesPhc: true
}

const portsOf = ({ driver, firstPhc, pciDevice, ports, sharesPhc, slot }: Card): ReadonlyArray<NetworkInterface> =>
  Array.from({ length: ports }, (_, port) => ({
    name: `${slot}f${port}`,
    kind: "physical",
    linkUp: true,
    driver,
    pciAddress: `${pciDevice}.${port}`,
    phcIndex: sharesPhc ? firstPhc : firstPhc + port,
    hardwareTimestamping: true,
    softwareTimestamping: true,
    notCapable: undefined
  }))

/**
 * The examples in the demo's cluster: an ordinary clock on all workers, but a boundary clock on `worker-2` and a
 * grandmaster on `worker-3`, if there are that many nodes.
 */
export const exampleConfigs = (count = 3): ReadonlyArray<Manifest> =>
  [ordinaryClock, boundaryClock, grandmaster].slice(0, Math.max(count, 1))

const ordinaryClock: Manifest = {
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name: "ordinary-clock", namespace: "ptp" },
  spec: {
    profile: [{ name: "ordinary-clock", interface: "ens787f1", ptp4lOpts: "-s -2", phc2sysOpts: "-a -r" }],
    recommend: [{ profile: "ordinary-clock", priority: 20, match: [{ nodeLabel: workerLabel }] }]
  }
}

/** Follows the network's grandmaster on one port and gives the time to the devices on the other. */
const boundaryClock: Manifest = {
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name: "boundary-clock", namespace: "ptp" },
  spec: {
    profile: [{
      name: "boundary-clock",
      ptp4lOpts: "-2",
      ptp4lConf: `[global]
logSyncInterval -3
logMinDelayReqInterval -3
summary_interval 0

[ens1f0]

[ens1f1]
masterOnly 1
`,
      phc2sysOpts: "-a -r"
    }],
    recommend: [{ profile: "boundary-clock", priority: 10, match: [{ nodeName: "worker-2" }] }]
  }
}

/**
 * Gives the node's own system time to a separate domain, so that it does not compete with the network's grandmaster.
 */
const grandmaster: Manifest = {
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name: "grandmaster", namespace: "ptp" },
  spec: {
    profile: [{
      name: "grandmaster",
      ptp4lOpts: "-2",
      ptp4lConf: `[global]
domainNumber 24
priority1 100
masterOnly 1

[ens1f0]
`,
      phc2sysOpts: "-a -r -r"
    }],
    recommend: [{ profile: "grandmaster", priority: 10, match: [{ nodeName: "worker-3" }] }]
  }
}
