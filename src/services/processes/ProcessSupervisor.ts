/**
 * The contract to keep a set of processes running. What has not changed is not touched. Stops come before starts.
 * Dependants start last and stop first. A process that dies is started again.
 */
import { Context, type Effect, type Stream } from "effect"
import type { OutputLine } from "./ProcessRunner.ts"
import type { ProcessSpec } from "./ProcessSpec.ts"

export type ProcessState = "Starting" | "Running" | "BackOff" | "Stopping"

/**
 * What is wrong with a running process: "Stalled" without a sign of life, "NotReady" for too long, "NotAnswering" when
 * asked, "NotScheduled" as wanted, or "NotReaped" although it was killed. "DeviceClaimed": it waits for another daemon.
 */
export interface Complaint {
  readonly kind: "Stalled" | "NotReady" | "NotAnswering" | "NotScheduled" | "NotReaped" | "DeviceClaimed"
  readonly text: string
}

/** The present state of one process. */
export interface ProcessStatus {
  readonly id: string
  readonly spec: ProcessSpec
  readonly state: ProcessState
  /** Starts after a death, since the spec was applied. */
  readonly restarts: number
  /** Deaths in a row; 0 again after it was ready for 60 s. */
  readonly deaths: number
  /** Runs in a row that ended because of the configuration and would end in the same way again. */
  readonly configurationErrors: number
  /** True once any run of this spec was ready. */
  readonly wasReady: boolean
  /** The pid of the present run. */
  readonly pid: number | undefined
  /**
   * The number of the run of this spec, from 1. Lines of output contain it, so that lines of an earlier run can be
   * recognised.
   */
  readonly run: number
  /** The exit code or signal, and the last line of stderr (at most 200 characters). */
  readonly lastExit: string | undefined
  /** What it waits for, as text for people. */
  readonly reason: string | undefined
  /** At most one of each kind, all about the present run. */
  readonly complaints: ReadonlyArray<Complaint>
  /** True while the present run shows no sign of life. If that lasts, it is killed and started again. */
  readonly isStalled: boolean
}

/** A process before its first run. */
export const newProcessStatus = (spec: ProcessSpec): ProcessStatus => ({
  id: spec.id,
  spec,
  state: "Starting",
  restarts: 0,
  deaths: 0,
  configurationErrors: 0,
  wasReady: false,
  pid: undefined,
  run: 0,
  lastExit: undefined,
  reason: undefined,
  complaints: [],
  isStalled: false
})

/** A line of output and the process that printed it. */
export interface ProcessLine extends OutputLine {
  readonly spec: ProcessSpec
  readonly run: number
}

export class ProcessSupervisor extends Context.Service<ProcessSupervisor, {
  /**
   * Makes exactly `desired` run: stops what is gone or has changed, and what depends on it; waits until these are
   * reaped; starts what is new. Returns when every stop is done and every start has begun. It may be interrupted at any
   * moment: the next `apply` continues from the state that it finds.
   */
  readonly apply: (desired: ReadonlyArray<ProcessSpec>) => Effect.Effect<void>
  /**
   * Stops everything, dependants first, within 5 s, and ends what does not stop; whoever calls it later waits for the
   * same stop. The layer's end does it too.
   */
  readonly stop: Effect.Effect<void>
  /**
   * Ends the back-off of processes that use one of these interfaces. The interfaces have just appeared, and their
   * absence is probably why the processes died. Running processes are not touched.
   */
  readonly retryNow: (interfaces: ReadonlyArray<string>) => Effect.Effect<void>
  /** First the present statuses, sorted by id, then the statuses after each change. */
  readonly statuses: Stream.Stream<ReadonlyArray<ProcessStatus>>
  /** Every line since the subscription. A slow reader loses the oldest lines and never blocks a process. */
  readonly output: Stream.Stream<ProcessLine>
}>()("linuxptp-daemon/services/processes/ProcessSupervisor") {}
