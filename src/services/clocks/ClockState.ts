/**
 * Everything that the daemon knows about the clocks of a node, as one value. There is a function for each thing that
 * can happen: a line of output, new statuses of the supervisor, new thresholds, the passing of time. Each returns the
 * next value. Pure: NodeClockView and ClockSeries read the value.
 */
import type { NetworkInterface } from "../devices/PtpDevice.ts"
import type { ManagementNews } from "../linuxptp/ManagementClient.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import type { ProcessLine, ProcessStatus } from "../processes/ProcessSupervisor.ts"
import type { ChosenProfile, ClockThreshold } from "../profiles/Decision.ts"
import { profileKey } from "../profiles/ProfileKey.ts"
import { defaultClockThreshold } from "../profiles/ProfileSettings.ts"
import { heldOf } from "./ObservedClock.ts"
import {
  endOfRun,
  isProcessOnlySampled,
  judgeProcess,
  type ObservedProcess,
  observeProcessLine,
  observeProcessNews,
  observeProcessStatus
} from "./ObservedProcess.ts"

/** What is known of the clocks of a node. */
export interface ClockState {
  readonly statuses: ReadonlyArray<ProcessStatus>
  /** Keys name object and profile. */
  readonly thresholds: ReadonlyMap<string, ClockThreshold>
  /** NICs by the path of their PHC, `/dev/ptpN`; several ports of a card may share one. */
  readonly nics: ReadonlyMap<string, ReadonlyArray<string>>
  /** By id. Also contains processes that have just ended, because their successor may still hold their lock. */
  readonly processes: ReadonlyMap<string, ObservedProcess>
  /** Monotonic nanoseconds: when time was last seen to pass. It may be some seconds ago. */
  readonly observedAt: bigint
}

/** Changes the clock state, at a time in monotonic nanoseconds. Returns the same object if nothing changes. */
export type ClockStep = (state: ClockState, now: bigint) => ClockState

/** No process runs and nothing was said. */
export const initialClockState: ClockState = {
  statuses: [],
  thresholds: new Map(),
  nics: new Map(),
  processes: new Map(),
  observedAt: 0n
}

/**
 * Processes that have printed lines but were not in the supervisor's statuses yet. A node never starts more at once.
 */
const mostUnlisted = 64

const judgementOf = ({ thresholds }: ClockState, { config, profile }: ProcessSpec, now: bigint) => ({
  // The default is used while the profile of a process is not known yet.
  threshold: thresholds.get(profileKey(config, profile)) ?? defaultClockThreshold,
  now
})

/** The state after one line of output. Returns the same object if the line says nothing about a clock. */
export const observeLine = (state: ClockState, line: ProcessLine, now: bigint): ClockState => {
  const known = state.processes.get(line.spec.id)
  const next = observeProcessLine(known, line, judgementOf(state, line.spec, now))
  if (next === known || (known === undefined && state.processes.size >= mostUnlisted + state.statuses.length)) {
    return state
  }
  return { ...state, processes: new Map(state.processes).set(line.spec.id, next) }
}

/** The state after the supervisor has listed all its processes. */
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
    // Lines of the successor may arrive before the supervisor reports the end of this process.
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

/** A run of a process. */
export interface ProcessRunId {
  readonly spec: ProcessSpec
  readonly run: number
}

/**
 * The state after news from the management socket of a run. Returns the same object if that run is over, or if they say
 * nothing.
 */
export const observeNews = (
  state: ClockState,
  { run, spec }: ProcessRunId,
  news: ManagementNews,
  now: bigint
): ClockState => {
  const known = state.processes.get(spec.id)
  if (known === undefined || known.spec !== spec || known.run !== run || known.isEnded) return state
  const next = observeProcessNews(known, news, judgementOf(state, spec, now))
  return next === known ? state : { ...state, processes: new Map(state.processes).set(spec.id, next) }
}

/** True if `after` differs from `before` only in samples of ptp4l, so that only metrics change. */
export const isOnlySampled = (before: ClockState, after: ClockState): boolean =>
  before.statuses === after.statuses && before.thresholds === after.thresholds && before.nics === after.nics &&
  before.observedAt === after.observedAt && before.processes.size === after.processes.size &&
  [...after.processes].every(([id, process]) => {
    const known = before.processes.get(id)
    return known === process || (known !== undefined && isProcessOnlySampled(known, process))
  })

/**
 * The state at `now`. Holdovers whose time is over end, a clock without measurements loses its lock, and ended
 * processes that hold nothing are forgotten.
 */
export const advance = (state: ClockState, now: bigint): ClockState => {
  const listed = new Set(state.statuses.map((status) => status.id))
  const processes = new Map<string, ObservedProcess>()
  for (const [id, process] of state.processes) {
    const judged = judgeProcess(process, judgementOf(state, process.spec, now))
    if (listed.has(id) || !judged.isListed || isHeld(judged)) processes.set(id, judged)
  }
  return { ...state, processes, observedAt: now }
}

const isHeld = ({ clocks }: ObservedProcess): boolean =>
  [...clocks.values()].some(({ held }) => [...held.values()].some(({ heldUntil }) => heldUntil !== undefined))

/**
 * The monotonic nanosecond at which something ends next if nothing is heard: a holdover, a lock whose measurements have
 * stopped, a value that is shown. Undefined if nothing does.
 */
export const nextDeadline = ({ processes }: ClockState): bigint | undefined => {
  let soonest: bigint | undefined
  const at = (time: bigint | undefined) => {
    if (time !== undefined && (soonest === undefined || time < soonest)) soonest = time
  }
  for (const { clocks } of processes.values()) {
    for (const clock of clocks.values()) {
      for (const { heldUntil } of clock.held.values()) at(heldUntil)
      for (const [name, { freshUntil, validUntil }] of clock.evidence.measurements) {
        if (heldOf(clock, name).state === "LOCKED") at(freshUntil + 1n)
        at(validUntil === undefined ? undefined : validUntil + 1n)
      }
    }
  }
  return soonest
}
