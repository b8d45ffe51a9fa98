/**
 * The cluster of the fleet benchmark: workers as in the demo, an ordinary clock on all of them, a profile for one node
 * and one for a label that no node has yet. Which edit a node has applied is told by the domain that ptp4l would run in.
 */
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"

export const namespace = "ptp"
export const workerLabel = "node-role.kubernetes.io/worker"
export const specialLabel = "example.com/ptp-special"

export const nodeNameOf = (index: number): string => `worker-${index + 1}`

/** Names of the NodePTPCfgs, and of their only profile. */
export const everyNode = "fleet"
export const oneNode = "one-node"
export const labelledNode = "labelled-node"

/** The node that `one-node` is for, and the one that will get the label. */
export const chosenNode = nodeNameOf(0)
export const nodeToLabel = nodeNameOf(1)

/** All others do what `fleet` says. */
export const isOrdinary = (node: string): boolean => node !== chosenNode && node !== nodeToLabel

/** A domain of its own for each NodePTPCfg at first. */
export const firstDomains = { [everyNode]: 0, [oneNode]: 100, [labelledNode]: 110 } as const

const rules: Readonly<Record<string, { readonly priority: number; readonly match: Readonly<Record<string, string>> }>> =
  {
    [everyNode]: { priority: 4, match: { nodeLabel: workerLabel } },
    [oneNode]: { priority: 3, match: { nodeName: chosenNode } },
    [labelledNode]: { priority: 2, match: { nodeLabel: specialLabel } }
  }

/** As long as a real one: the settings that an operator's telecom profile names. */
const ptp4lConf = (domain: number) =>
  `[global]
twoStepFlag 1
priority1 128
priority2 128
domainNumber ${domain}
clockClass 248
clockAccuracy 0xFE
offsetScaledLogVariance 0xFFFF
free_running 0
freq_est_interval 1
dscp_event 0
dscp_general 0
dataset_comparison G.8275.x
G.8275.defaultDS.localPriority 128
logAnnounceInterval -3
logSyncInterval -4
logMinDelayReqInterval -4
announceReceiptTimeout 3
syncReceiptTimeout 0
delay_mechanism E2E
network_transport L2
step_threshold 2.0
first_step_threshold 0.00002
max_frequency 900000000
clock_servo pi
sanity_freq_limit 200000000
summary_interval 0
tx_timestamp_timeout 50
`

/** The spec of a NodePTPCfg with one profile. */
export const specOf = (name: string, domain: number) => ({
  profile: [{
    name,
    interface: "ens787f1",
    ptp4lOpts: "-2 -s",
    ptp4lConf: ptp4lConf(domain),
    phc2sysOpts: "-a -r"
  }],
  recommend: [{ profile: name, priority: rules[name]?.priority ?? 0, match: [rules[name]?.match ?? {}] }]
})

/** The domain of the ptp4l among these processes. */
export const domainOf = (processes: ReadonlyArray<ProcessSpec>): number | undefined =>
  processes.find(({ program }) => program === "ptp4l")?.management?.domainNumber
