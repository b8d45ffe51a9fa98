/**
 * Combines the clocks of all programs into the clock of the node. It is as good as the worst link of the chain from the
 * grandmaster over the PHC to the system clock. Pure.
 */
import { alarmsOf } from "./ClockAlarms.ts"
import type { ClockState } from "./ClockState.ts"
import { type HeldClock, unheldClock } from "./Holdover.ts"
import type { ClockAlarm, ClockAlarmReason, ClockStateName, NodeClock } from "./NodeClock.ts"
import type { ObservedClock } from "./ObservedClock.ts"
import type { ObservedProcess } from "./ObservedProcess.ts"
import { followingPort } from "./ProgramEvidence.ts"

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
  const clocks = processes.flatMap((process) => [...process.clocks.values()])
  const { reason, state: name } = worst(clocks)
  return {
    state: name,
    reason,
    grandmaster: clocks.find((clock) => grandmasterOf(clock) !== undefined)?.evidence.bestMaster,
    ports: clocks.flatMap(portsOf),
    alarms: worstAlarms(processes),
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
  PortFaulty: 2,
  LinuxptpFault: 3
}

/** Sorted, so that the status does not change with the order of processes. */
const worstAlarms = (processes: ReadonlyArray<ObservedProcess>): ReadonlyArray<ClockAlarm> =>
  processes.flatMap(({ sightings, spec }) =>
    alarmsOf(sightings).map(({ message, reason }) => ({ reason, message: `${spec.id}: ${message}` }))
  ).toSorted((a, b) =>
    alarmRank[a.reason] - alarmRank[b.reason] || (a.message < b.message ? -1 : a.message > b.message ? 1 : 0)
  ).slice(0, mostAlarms)

const grandmasterOf = ({ evidence }: ObservedClock): string | undefined =>
  followingPort(evidence) === undefined ? undefined : evidence.bestMaster

const portsOf = ({ evidence: { ports } }: ObservedClock): NodeClock["ports"] =>
  [...ports].toSorted(([a], [b]) => a - b).flatMap(([, port]) =>
    port.interface === undefined ? [] : [{ interface: port.interface, state: port.state }]
  )

const badness: Readonly<Record<ClockStateName, number>> = { FREERUN: 2, HOLDOVER: 1, LOCKED: 0 }

const heldClocks = ({ held }: ObservedClock): ReadonlyArray<HeldClock> => [...held.values()]

const isGrandmaster = (clock: ObservedClock): boolean =>
  heldClocks(clock).some(({ reason }) => reason === "Grandmaster")

/** The first of the worst clocks. Clocks near the grandmaster come first. */
const worst = (clocks: ReadonlyArray<ObservedClock>): HeldClock => {
  const of = (program: string) => clocks.filter(({ evidence }) => evidence.program === program)
  const [ptp4l, ts2phc, phc2sys] = [of("ptp4l"), of("ts2phc"), of("phc2sys")]
  // A ptp4l that only serves time gets it from the other programs. If there are none, the node is the grandmaster.
  const following = ptp4l.filter((clock) => !isGrandmaster(clock))
  if (ptp4l.length > 0 && following.length === 0 && ts2phc.length === 0) return grandmaster
  return [...following, ...ts2phc, ...phc2sys].flatMap(heldClocks).toSorted((a, b) =>
    badness[b.state] - badness[a.state]
  )[0] ?? nothing
}

const grandmaster: HeldClock = { ...unheldClock, reason: "Grandmaster" }
const nothing: HeldClock = unheldClock
