/** Facts of a node, of which a test changes what it is about. */
import type { NetworkInterface } from "../../../src/services/devices/PtpDevice.ts"
import { newProcessStatus, type ProcessStatus } from "../../../src/services/processes/ProcessSupervisor.ts"
import type { ChosenProfile, Decision } from "../../../src/services/profiles/Decision.ts"
import type { StatusFacts } from "../../../src/services/status/NodeStatus.ts"
import type { PublicationFacts } from "../../../src/services/status/PublicationState.ts"
import { spec } from "../../layers/processes/ScriptedRunner.ts"

/** A capable NIC. */
export const nic = (index: number): NetworkInterface => ({
  name: `enp129s0f${index}np${index}`,
  kind: "physical",
  linkUp: true,
  driver: "mlx5_core",
  pciAddress: `0000:81:00.${index}`,
  phcIndex: index,
  hardwareTimestamping: true,
  softwareTimestamping: true,
  notCapable: undefined
})

/** A profile that was chosen. */
export const profile = (name: string, interfaces: ReadonlyArray<string>): ChosenProfile => ({
  config: "config1",
  name,
  generation: 3,
  priority: 4,
  matchedBy: "nodeName worker-1",
  interfaces,
  clockThreshold: { holdOverTimeoutSeconds: 5, maxOffsetNs: 100, minOffsetNs: -100 },
  settings: {}
})

/** Nothing is to run. */
export const decision = (change: Partial<Decision> = {}): Decision => ({
  profiles: [],
  skipped: [],
  processes: [],
  problems: [],
  rolledBack: [],
  ...change
})

/** A process that runs for the first time. */
export const running = (change: Partial<ProcessStatus> = {}): ProcessStatus => ({
  ...newProcessStatus(spec("ptp4l-a")),
  state: "Running",
  wasReady: true,
  pid: 7,
  run: 1,
  ...change
})

type NodeFacts = StatusFacts & PublicationFacts

/** A node on which nothing runs. */
export const facts = (change: Partial<NodeFacts> = {}): NodeFacts => ({
  decision: decision(),
  isFromDisk: false,
  linuxptpMissing: false,
  statuses: [],
  clock: undefined,
  daemon: { version: "0.1.0", pod: "linuxptp-daemon-a", startedAt: "2026-11-23T10:00:00Z" },
  nodeUid: "uid-worker-1",
  interfaces: [],
  ...change
})
