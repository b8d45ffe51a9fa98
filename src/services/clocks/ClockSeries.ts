/**
 * The `openshift_ptp_*` metrics of a node as values. Names, labels and numbers have the same meaning as in the Go
 * daemon of the same purpose, so that its dashboards and alerts keep working. Pure: PtpMetrics publishes them.
 */
import { interfaceRole } from "../linuxptp/PortState.ts"
import type { ProcessStatus } from "../processes/ProcessSupervisor.ts"
import { followedBy, worstOf } from "./ClockChain.ts"
import type { ClockState } from "./ClockState.ts"
import { faultyMeasurement, type Measurement } from "./Measurement.ts"
import type { ClockStateName } from "./NodeClock.ts"
import { heldOf, type ObservedClock } from "./ObservedClock.ts"
import type { ObservedProcess } from "./ObservedProcess.ts"
import { lastFollowingPort, type ProgramEvidence } from "./ProgramEvidence.ts"

/** A metric's name without its prefix. */
export type SeriesName =
  | "offset_ns"
  | "max_offset_ns"
  | "frequency_adjustment_ns"
  | "delay_ns"
  | "clock_state"
  | "clock_class"
  | "interface_role"
  | "process_status"
  | "process_restart_count"

/** One series and its value. */
export interface Series {
  readonly name: SeriesName
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Translates a clock, as linuxptp names it, into the name used in labels. */
type ClockName = (clock: string) => string

/** Every series of `node`. Only processes that the supervisor has at this moment have series. */
export const clockSeries = (state: ClockState, node: string): ReadonlyArray<Series> => {
  const series: Array<Series> = []
  const nameOf = clockNames(state)
  for (const status of state.statuses) {
    const process = state.processes.get(status.id)
    series.push(...processSeries(status, node), ...classSeries(status, node, process))
    if (process === undefined) continue
    for (const clock of process.clocks.values()) {
      const faulty = faultySource(process, clock, state)
      series.push(...portSeries(clock, node), ...stateSeries(clock, node, nameOf, faulty))
      series.push(...offsetSeries(clock, node, nameOf, faulty !== undefined))
    }
  }
  return series
}

/**
 * ts2phc 4.2 and newer print `/dev/ptpN` instead of a NIC. Several NICs may share that PHC: then the NIC is taken that
 * a process is configured with, else the first one.
 */
const clockNames = ({ nics, statuses }: ClockState): ClockName => {
  const configured = new Set(statuses.flatMap(({ spec }) => spec.interfaces))
  return (clock) => {
    const names = nics.get(clock)
    return names?.find((name) => configured.has(name)) ?? names?.[0] ?? clock
  }
}

/** A process is up while it has a pid. The restart count includes the first start, as in the Go daemon. */
const processSeries = (status: ProcessStatus, node: string): ReadonlyArray<Series> => {
  const { pid, run } = status
  const labels = processLabels(status, node)
  return [
    { name: "process_status", labels, value: pid === undefined ? 0 : 1 },
    { name: "process_restart_count", labels, value: run }
  ]
}

const processLabels = ({ id, spec }: ProcessStatus, node: string) => ({
  process: spec.program,
  node,
  config: `${id}.config`
})

/** A ptp4l that does not run, or does not answer, has no clock class. */
const classSeries = (
  status: ProcessStatus,
  node: string,
  process: ObservedProcess | undefined
): ReadonlyArray<Series> =>
  status.pid === undefined ?
    [] :
    [...process?.clocks.values() ?? []].flatMap(({ evidence: { management } }) =>
      management?.clockClass === undefined || management.silentSince !== undefined
        ? []
        : [{ name: "clock_class" as const, labels: processLabels(status, node), value: management.clockClass }]
    )

const portSeries = ({ evidence: { ports, program } }: ObservedClock, node: string): ReadonlyArray<Series> =>
  [...ports.values()].flatMap((port): ReadonlyArray<Series> =>
    port.interface === undefined ? [] : [
      {
        name: "interface_role",
        labels: { process: program, node, iface: port.interface },
        value: interfaceRole(port.state)
      }
    ]
  )

const stateValues: Readonly<Record<ClockStateName, number>> = { FREERUN: 0, LOCKED: 1, HOLDOVER: 2 }

/** A clock whose source is FAULTY is no better than its source. */
const stateSeries = (clock: ObservedClock, node: string, nameOf: ClockName, faulty: ObservedClock | undefined) => {
  const { evidence, steered } = clock
  const sources = [...faulty?.held.values() ?? []]
  return (steered.length === 0 ? unmeasuredClocks(evidence) : steered).map((name): Series => ({
    name: "clock_state",
    labels: { process: evidence.program, node, iface: nameOf(name) },
    value: stateValues[worstOf([heldOf(clock, name), ...sources]).state]
  }))
}

/**
 * A ptp4l that never found a grandmaster has a series too, so that an alert on it does not depend on a first
 * measurement.
 */
const unmeasuredClocks = ({ interfaces, program }: ProgramEvidence): ReadonlyArray<string> =>
  program === "ptp4l" ? interfaces : []

/** phc2sys goes on comparing with the PHC of a dead port for a second or more, and after that prints nothing. */
const offsetSeries = (clock: ObservedClock, node: string, nameOf: ClockName, isFaulty: boolean) => {
  const { evidence: { measurements, program }, steered } = clock
  const measured: ReadonlyArray<readonly [string, Measurement]> = isFaulty
    ? steered.map((name) => [name, faultyMeasurement(measurements.get(name)?.from ?? "phc")])
    : [...measurements]
  return measured.flatMap(([name, measurement]) => measurementSeries(program, node, nameOf(name), measurement))
}

const measurementSeries = (
  process: string,
  node: string,
  iface: string,
  { delayNs, frequencyPpb, from, maxOffsetNs, offsetNs }: Measurement
): ReadonlyArray<Series> => {
  const labels = { from, process, node, iface }
  return [
    { name: "offset_ns", labels, value: offsetNs },
    { name: "max_offset_ns", labels, value: maxOffsetNs },
    // A summary has not been printed yet.
    ...(frequencyPpb === undefined ? [] : [{ name: "frequency_adjustment_ns" as const, labels, value: frequencyPpb }]),
    { name: "delay_ns", labels, value: delayNs }
  ]
}

/** The ptp4l whose clock a phc2sys follows, if the port by which it followed a master is FAULTY. */
const faultySource = ({ spec }: ObservedProcess, clock: ObservedClock, { processes }: ClockState) => {
  if (clock.evidence.program !== "phc2sys") return undefined
  const sources = spec.after.flatMap((id) => {
    const process = processes.get(id)
    return process === undefined ? [] : [...process.clocks.values()].map((source) => ({ process, clock: source }))
  }).filter((source) => lastFollowingPort(source.clock.evidence) !== undefined)
  const followed = followedBy(clock, sources)?.clock
  return followed !== undefined && lastFollowingPort(followed.evidence)?.state === "FAULTY" ? followed : undefined
}
