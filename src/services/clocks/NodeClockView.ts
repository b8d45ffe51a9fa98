/**
 * Combines the clocks of all programs into the clock of the node. It is as good as the worst link of the chain from the
 * grandmaster over the PHC to the system clock. Pure.
 */
import { alarmsOf } from "./ClockAlarms.ts"
import { type ClockChain, clockChain, worstOf } from "./ClockChain.ts"
import type { ClockState } from "./ClockState.ts"
import type { ClockAlarm, ClockAlarmReason, NodeClock } from "./NodeClock.ts"
import type { ObservedClock } from "./ObservedClock.ts"
import type { ObservedProcess } from "./ObservedProcess.ts"
import { type ClockProgram, followingPort } from "./ProgramEvidence.ts"

/**
 * The clock of the node; undefined if there is no profile and no process. `since` is taken from `previous` if the state
 * is the same.
 */
export const nodeClock = (
  state: ClockState,
  previous: NodeClock | undefined,
  nowMillis: number
): NodeClock | undefined => {
  if (state.statuses.length === 0 && state.thresholds.size === 0) return undefined
  const processes = processesOf(state)
  const chain = clockChain(state, processes)
  const { reason, state: name } = worstOf(chain.held)
  const lost = name === "LOCKED" ? redundancyAlarms(chain, state.observedAt) : []
  return {
    state: name,
    reason,
    grandmaster: chain.following.flatMap(({ clock }) => grandmasterOf(clock) ?? [])[0],
    ports: processes.flatMap(({ clocks }) => [...clocks.values()].flatMap(portsOf)),
    alarms: worstAlarms(processes, lost),
    sinceMillis: previous?.state === name ? previous.sinceMillis : nowMillis
  }
}

/**
 * The clocks of the processes that the supervisor lists. Between the stop of all processes and the start of their
 * successors it lists none; then the clocks that these hold.
 */
const processesOf = ({ processes, statuses }: ClockState): ReadonlyArray<ObservedProcess> => {
  const ids = statuses.length === 0 ? [...processes.keys()] : statuses.map(({ id }) => id)
  return ids.flatMap((id) => processes.get(id) ?? [])
}

/** More would make the message of a condition unreadable. */
const mostAlarms = 8

/**
 * An alarm about a clock that jumps or is steered by two programs comes before an alarm about a port that is only
 * silent.
 */
const alarmRank: Readonly<Record<ClockAlarmReason, number>> = {
  ClockOwnerConflict: 0,
  UtcOffsetSuspect: 1,
  OffsetTooLarge: 2,
  RedundancyLost: 3,
  PortFaulty: 4,
  LinuxptpFault: 5
}

/** Sorted, so that the status does not change with the order of processes. */
const worstAlarms = (
  processes: ReadonlyArray<ObservedProcess>,
  lost: ReadonlyArray<ClockAlarm>
): ReadonlyArray<ClockAlarm> =>
  [
    ...processes.flatMap((process) =>
      [...alarmsOf(process.sightings), ...slewingAlarms(process)].map(({ message, reason }) => ({
        reason,
        message: `${process.spec.id}: ${message}`
      }))
    ),
    ...lost
  ].toSorted((a, b) =>
    alarmRank[a.reason] - alarmRank[b.reason] || (a.message < b.message ? -1 : a.message > b.message ? 1 : 0)
  ).slice(0, mostAlarms)

const grandmasterOf = ({ evidence }: ObservedClock): string | undefined =>
  followingPort(evidence) === undefined ? undefined : evidence.bestMaster

const portsOf = ({ evidence: { ports } }: ObservedClock): NodeClock["ports"] =>
  [...ports].toSorted(([a], [b]) => a - b).flatMap(([, port]) =>
    port.interface === undefined ? [] : [{ interface: port.interface, state: port.state }]
  )

/** Clocks that are far away and that linuxptp only slews. */
const slewingAlarms = ({ clocks }: ObservedProcess): ReadonlyArray<ClockAlarm> =>
  [...clocks.values()].flatMap(({ evidence: { interfaces, program }, held }) =>
    [...held].flatMap(([name, { isTooFar }]) => isTooFar ? [slewingAlarm(program, name || interfaces.join(", "))] : [])
  )

const slewingAlarm = (program: ClockProgram, clock: string): ClockAlarm => ({
  reason: "OffsetTooLarge",
  message: `${clock} is more than 1 ms off and is only slewed, which may take hours: let the servo step it by ` +
    `${program === "phc2sys" ? "-S 0.001 or " : ""}step_threshold 0.001, and look for what stepped the clock`
})

/** A ptp4l that never was LOCKED gets so much time from its start on. */
const startingTime = 30_000_000_000n

/** A source that is lost while another one stands in for it. */
const redundancyAlarms = ({ standingBy }: ClockChain, now: bigint): ReadonlyArray<ClockAlarm> =>
  standingBy.flatMap(({ clock, process }) => {
    const { lostAt, state, wasLocked } = worstOf([...clock.held.values()])
    if (state === "LOCKED" || (!wasLocked && now - (lostAt ?? now) < startingTime)) return []
    const names = clock.evidence.interfaces.join(", ")
    return [{
      reason: "RedundancyLost",
      message:
        `${process.spec.id}: its clock (${names}) is not LOCKED; phc2sys follows another ptp4l, and nothing else ` +
        "would stand in for that one: see the ports in status.clock, the network and the NIC"
    }]
  })
