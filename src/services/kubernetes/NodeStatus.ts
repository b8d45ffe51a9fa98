/**
 * The status of a NodePTPDev as a pure function of what is known of the node, and how two statuses differ: a change
 * that an operator waits for is written at once, counters may wait.
 */
import { Equal } from "effect"
import { isPtpCapable, type NetworkInterface } from "../devices/PtpDevice.ts"
import type { ProcessStatus } from "../processes/ProcessSupervisor.ts"
import type { ChosenProfile, Decision } from "../profiles/Decision.ts"
import type { Condition } from "./KubernetesObject.ts"
import { type ConditionFacts, type ConditionNow, nodeConditions } from "./NodeConditions.ts"
import type { NodePTPDevStatus } from "./NodePTPDev.ts"

export interface NodeFacts extends ConditionFacts {
  readonly interfaces: ReadonlyArray<NetworkInterface>
}

/** A fleet of objects is cheap to keep and to watch only while each stays small; in bytes of JSON. */
const largestStatus = 4_096
/** Lengths of a condition's message and of a process's last words: the first pair that fits is taken. */
const textLengths = [[512, 200], [256, 120], [128, 60], [64, 30], [32, 0]] as const

/**
 * The status to publish, below 4 KiB for 16 NICs whatever went wrong: texts are shortened until it fits. A condition
 * keeps its `lastTransitionTime` from `previous` while its status is the same.
 */
export const nodeStatus = (
  facts: NodeFacts,
  previous: NodePTPDevStatus | undefined,
  now: string
): NodePTPDevStatus => {
  const whole = wholeStatus(facts, previous, now)
  const candidates = textLengths.map(([message, lastExit]) => shortened(whole, message, lastExit))
  return candidates.find((status) => sizeOf(status) < largestStatus) ?? candidates.at(-1) ?? whole
}

const encoder = new TextEncoder()
const sizeOf = (status: NodePTPDevStatus): number => encoder.encode(JSON.stringify(status)).length

const shortened = (status: NodePTPDevStatus, message: number, lastExit: number): NodePTPDevStatus => ({
  ...status,
  processes: status.processes.map((process) =>
    process.lastExit === undefined ? process : Object.assign({}, process, { lastExit: cut(process.lastExit, lastExit) })
  ),
  conditions: status.conditions.map((condition) =>
    Object.assign({}, condition, { message: cut(condition.message, message) })
  )
})

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`

const wholeStatus = (
  facts: NodeFacts,
  previous: NodePTPDevStatus | undefined,
  now: string
): NodePTPDevStatus => ({
  ptpDevices: facts.interfaces.filter(isPtpCapable).map((nic) => publishedDevice(nic, facts.decision)),
  profiles: (facts.decision?.profiles ?? []).map(publishedProfile),
  processes: facts.statuses.map(publishedProcess),
  ...publishedClock(facts),
  conditions: nodeConditions(facts).map((condition) => timed(condition, previous, now))
})

const timed = (condition: ConditionNow, previous: NodePTPDevStatus | undefined, now: string): Condition => {
  const before = previous?.conditions.find((other) => other.type === condition.type)
  return { ...condition, lastTransitionTime: before?.status === condition.status ? before.lastTransitionTime : now }
}

const publishedProfile = ({ config, generation, matchedBy, name, priority }: ChosenProfile) => ({
  name,
  config,
  ...(generation === undefined ? {} : { generation }),
  ...(priority === null ? {} : { priority }),
  matchedBy
})

const publishedProcess = ({ id, lastExit, restarts, spec, state }: ProcessStatus) => ({
  id,
  program: spec.program,
  profile: spec.profile,
  state,
  restarts,
  ...(lastExit === undefined ? {} : { lastExit })
})

const publishedDevice = (nic: NetworkInterface, decision: Decision | undefined) => {
  const profile = decision?.profiles.find(({ interfaces }) => interfaces.includes(nic.name))?.name
  return {
    name: nic.name,
    ...(nic.phcIndex === undefined ? {} : { phcIndex: nic.phcIndex }),
    ...(nic.pciAddress === undefined ? {} : { pciAddress: nic.pciAddress }),
    ...(nic.driver === undefined ? {} : { driver: nic.driver }),
    linkUp: nic.linkUp,
    ...(profile === undefined ? {} : { profile })
  }
}

const publishedClock = ({ clock, decision }: NodeFacts): Pick<NodePTPDevStatus, "clock"> =>
  clock === undefined || decision === undefined || decision.profiles.length === 0 ? {} : {
    clock: {
      state: clock.state,
      ...(clock.grandmaster === undefined ? {} : { grandmaster: clock.grandmaster }),
      ports: clock.ports,
      since: new Date(clock.sinceMillis).toISOString().replace(/\.\d+Z$/, "Z")
    }
  }

/** True when `a` and `b` differ in what is written at once (contract: profiles, clock state, process states, devices, conditions). */
export const differsAtOnce = (a: NodePTPDevStatus, b: NodePTPDevStatus): boolean => !Equal.equals(urgent(a), urgent(b))

const urgent = ({ clock, conditions, processes, profiles, ptpDevices }: NodePTPDevStatus) => ({
  ptpDevices,
  profiles,
  clock: clock?.state,
  processes: processes.map(({ id, state }) => [id, state]),
  conditions: conditions.map(({ reason, status, type }) => [type, status, reason])
})
