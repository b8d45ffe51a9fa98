/**
 * Makes the status of a NodePTPDev from what is known about the node, and compares two statuses. A change that an
 * operator waits for is written at once; counters may wait. Pure.
 */
import { Equal } from "effect"
import { isPtpCapable, type NetworkInterface } from "../devices/PtpDevice.ts"
import type { Condition } from "../kubernetes/KubernetesObject.ts"
import type { NodePTPDevStatus, PublishedDaemon } from "../kubernetes/NodePTPDev.ts"
import type { ProcessStatus } from "../processes/ProcessSupervisor.ts"
import type { ChosenProfile, Decision } from "../profiles/Decision.ts"
import { type ConditionFacts, type ConditionNow, nodeConditions } from "./NodeConditions.ts"
import { shortenedToFit } from "./StatusSize.ts"

/** Everything that a status depends on. */
export interface StatusFacts extends ConditionFacts {
  readonly daemon: PublishedDaemon | undefined
}

/**
 * The status to publish, short enough for a large fleet. A condition keeps its `lastTransitionTime` from `previous`
 * while its status stays the same.
 */
export const nodeStatus = (
  facts: StatusFacts,
  previous: NodePTPDevStatus | undefined,
  now: string
): NodePTPDevStatus =>
  shortenedToFit({
    ptpDevices: facts.interfaces.filter(isPtpCapable).map((nic) => publishedDevice(nic, facts.decision)),
    profiles: (facts.decision?.profiles ?? []).map(publishedProfile),
    processes: facts.statuses.map(publishedProcess),
    ...publishedClock(facts),
    ...(facts.daemon === undefined ? {} : { daemon: facts.daemon }),
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

const publishedClock = ({ clock, decision }: StatusFacts): Pick<NodePTPDevStatus, "clock"> =>
  clock === undefined || decision === undefined || decision.profiles.length === 0 ? {} : {
    clock: {
      state: clock.state,
      ...(clock.grandmaster === undefined ? {} : { grandmaster: clock.grandmaster }),
      ports: clock.ports,
      since: timeText(clock.sinceMillis)
    }
  }

/** Wall time as in statuses: RFC 3339 in whole seconds. */
export const timeText = (wallMillis: number): string => new Date(wallMillis).toISOString().replace(/\.\d+Z$/, "Z")

/**
 * True if `a` and `b` differ in something that is written at once: profiles, clock state, states of processes, devices,
 * conditions, and which daemon it is.
 */
export const differsAtOnce = (a: NodePTPDevStatus, b: NodePTPDevStatus): boolean => !Equal.equals(urgent(a), urgent(b))

const urgent = ({ clock, conditions, daemon, processes, profiles, ptpDevices }: NodePTPDevStatus) => ({
  ptpDevices,
  profiles,
  daemon: [daemon?.pod, daemon?.startedAt, daemon?.stoppedAt],
  clock: clock?.state,
  processes: processes.map(({ id, state }) => [id, state]),
  conditions: conditions.map(({ reason, status, type }) => [type, status, reason])
})
