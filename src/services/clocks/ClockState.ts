/**
 * Everything the clock observer knows of a node, as one value with a step for each thing that can happen: a line, the
 * supervisor's statuses, new thresholds, the passing of time. Pure; NodeClockView and ClockSeries read it.
 */
import type { NetworkInterface } from "../devices/PtpDevice.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import type { ProcessLine, ProcessStatus } from "../processes/ProcessSupervisor.ts"
import type { ChosenProfile, ClockThreshold } from "../profiles/Decision.ts"
import { profileKey } from "../profiles/ProfileKey.ts"
import { defaultClockThreshold } from "../profiles/ProfileSettings.ts"
import {
  endOfRun,
  judgeProcess,
  type ObservedProcess,
  observeProcessLine,
  observeProcessStatus
} from "./ObservedProcess.ts"

/** What is known of the clocks of a node. */
export interface ClockState {
  readonly statuses: ReadonlyArray<ProcessStatus>
  /** By object and profile. */
  readonly thresholds: ReadonlyMap<string, ClockThreshold>
  /** NICs by the path of their PHC, `/dev/ptpN`; several ports of a card may share one. */
  readonly nics: ReadonlyMap<string, ReadonlyArray<string>>
  /** Of the grandmaster, by the id of the ptp4l that told. */
  readonly clockClasses: ReadonlyMap<string, number>
  /** By id; also of processes that are gone a moment ago, whose successor may hold their lock. */
  readonly processes: ReadonlyMap<string, ObservedProcess>
}

/** Nothing runs and nothing was said. */
export const initialClockState: ClockState = {
  statuses: [],
  thresholds: new Map(),
  nics: new Map(),
  clockClasses: new Map(),
  processes: new Map()
}

/** Processes that spoke but were never listed: more than a node ever starts at once. */
const mostUnlisted = 64

const judgementOf = ({ thresholds }: ClockState, { config, profile }: ProcessSpec, now: bigint) => ({
  // The profile of a process may not be known yet.
  threshold: thresholds.get(profileKey(config, profile)) ?? defaultClockThreshold,
  now
})

/** The state after one line of output; the same object when it tells nothing of a clock. */
export const observeLine = (state: ClockState, line: ProcessLine, now: bigint): ClockState => {
  const known = state.processes.get(line.spec.id)
  const next = observeProcessLine(known, line, judgementOf(state, line.spec, now))
  if (next === known || (known === undefined && state.processes.size >= mostUnlisted + state.statuses.length)) {
    return state
  }
  return { ...state, processes: new Map(state.processes).set(line.spec.id, next) }
}

/** The state after the supervisor told of all its processes. */
export const observeStatuses = (state: ClockState, statuses: ReadonlyArray<ProcessStatus>, now: bigint): ClockState => {
  const before = new Map(state.statuses.map((status) => [status.id, status]))
  const processes = new Map(state.processes)
  for (const status of statuses) {
    const isNews = before.get(status.id)?.spec !== status.spec
    const judgement = judgementOf(state, status.spec, now)
    processes.set(status.id, observeProcessStatus(processes.get(status.id), status, isNews, judgement))
    before.delete(status.id)
  }
  for (const { id, spec } of before.values()) {
    const process = processes.get(id)
    // A successor's first lines may have come before the end of this one was told.
    if (process === undefined || process.spec !== spec) continue
    processes.set(id, endOfRun(process, judgementOf(state, spec, now)))
  }
  return advance({ ...state, statuses, processes }, now)
}

/** The state with the thresholds of these profiles. */
export const observeProfiles = (state: ClockState, profiles: ReadonlyArray<ChosenProfile>, now: bigint): ClockState => {
  const thresholds = new Map(
    profiles.map(({ clockThreshold, config, name }) => [profileKey(config, name), clockThreshold])
  )
  return advance({ ...state, thresholds }, now)
}

/** The state with the names of these interfaces. */
export const observeInterfaces = (state: ClockState, interfaces: ReadonlyArray<NetworkInterface>): ClockState => {
  const nics = new Map<string, Array<string>>()
  for (const { name, phcIndex } of interfaces) {
    if (phcIndex === undefined) continue
    const path = `/dev/ptp${phcIndex}`
    nics.set(path, [...nics.get(path) ?? [], name])
  }
  return { ...state, nics }
}

/** The state after every ptp4l was asked for the class of its grandmaster. */
export const observeClockClasses = (state: ClockState, clockClasses: ReadonlyMap<string, number>): ClockState => ({
  ...state,
  clockClasses
})

/** The state at `now`: holdovers that are over end, locks without measurements are lost, processes that are gone and held by nothing are forgotten. */
export const advance = (state: ClockState, now: bigint): ClockState => {
  const listed = new Set(state.statuses.map((status) => status.id))
  const processes = new Map<string, ObservedProcess>()
  for (const [id, process] of state.processes) {
    const judged = judgeProcess(process, judgementOf(state, process.spec, now))
    if (listed.has(id) || !judged.isListed || isHeld(judged)) processes.set(id, judged)
  }
  return { ...state, processes }
}

const isHeld = ({ clocks }: ObservedProcess): boolean =>
  [...clocks.values()].some(({ held }) => held.heldUntil !== undefined)

/** How often `advance` looks for measurements that have stopped. */
export const freshnessPeriodSeconds = 5

/** The monotonic nanosecond at which a holdover ends; undefined when nothing is held. */
export const nextDeadline = ({ processes }: ClockState): bigint | undefined => {
  let soonest: bigint | undefined
  for (const { clocks } of processes.values()) {
    for (const { held: { heldUntil } } of clocks.values()) {
      if (heldUntil !== undefined && (soonest === undefined || heldUntil < soonest)) soonest = heldUntil
    }
  }
  return soonest
}
