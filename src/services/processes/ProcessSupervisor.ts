/**
 * The contract that keeps a set of processes running: nothing is touched that did not change, stops come before
 * starts, dependants are last up and first down, and whatever dies comes back.
 */
import { Context, type Effect, type Stream } from "effect"
import type { OutputLine } from "./ProcessRunner.ts"
import type { ProcessSpec } from "./ProcessSpec.ts"

export type ProcessState = "Starting" | "Running" | "BackOff" | "Stopping"

/**
 * What is wrong with a process although it runs: "NotReady" for too long, "NotAnswering" when asked, "NotScheduled" as
 * wanted, or "NotReaped" although it was killed.
 */
export interface Complaint {
  readonly kind: "NotReady" | "NotAnswering" | "NotScheduled" | "NotReaped"
  readonly text: string
}

/** One process as it is now. */
export interface ProcessStatus {
  readonly id: string
  readonly spec: ProcessSpec
  readonly state: ProcessState
  /** Starts that nobody asked for: deaths since the spec was applied. */
  readonly restarts: number
  /** Deaths in a row; 0 again once it has been ready for 60 s. */
  readonly deaths: number
  /** Runs in a row that ended because of the configuration, and would so again. */
  readonly configurationErrors: number
  /** True once a run of this spec was ready. */
  readonly wasReady: boolean
  /** Of the run under way. */
  readonly pid: number | undefined
  /** Counts the execs of this spec, from 1; output carries it, so that the lines of a predecessor are known as such. */
  readonly run: number
  /** Code or signal, and the last line of stderr (at most 200 characters). */
  readonly lastExit: string | undefined
  /** What it waits for, for people. */
  readonly reason: string | undefined
  /** At most one of each kind, all of the run under way. */
  readonly complaints: ReadonlyArray<Complaint>
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
  complaints: []
})

/** A line of output and whose it is. */
export interface ProcessLine extends OutputLine {
  readonly spec: ProcessSpec
  readonly run: number
}

export class ProcessSupervisor extends Context.Service<ProcessSupervisor, {
  /**
   * Makes `desired` true: stops what is gone or changed (and what runs after it), waits until it is reaped, starts
   * what is new. Returns when every stop is done and every start is under way. An interruption is safe at any
   * moment: the next `apply` starts from what is.
   */
  readonly apply: (desired: ReadonlyArray<ProcessSpec>) => Effect.Effect<void>
  /**
   * Ends the back-off of what uses one of these interfaces: they have just come, and that is what it died for. Touches
   * nothing that runs.
   */
  readonly retryNow: (interfaces: ReadonlyArray<string>) => Effect.Effect<void>
  /** The current statuses, sorted by id, then every change. */
  readonly statuses: Stream.Stream<ReadonlyArray<ProcessStatus>>
  /** Every line from subscription on; a reader that lags loses the oldest, never blocks a child. */
  readonly output: Stream.Stream<ProcessLine>
}>()("linuxptp-daemon/services/processes/ProcessSupervisor") {}
