/**
 * The contract that starts one operating-system process and tells how it ended. It has no policy: the supervisor
 * decides when to start, signal and give up. Two layers give it: real child processes, and simulated ones.
 */
import { Context, type Effect, Schema } from "effect"
import type { ProcessSpec } from "./ProcessSpec.ts"

/** The process could not be started: its program is missing, its files can't be written, or the fork failed. */
export class ProcessStartError extends Schema.TaggedError<ProcessStartError>()("ProcessStartError", {
  id: Schema.String,
  program: Schema.String,
  reason: Schema.Literals(["ProgramMissing", "FilesNotWritten", "SpawnFailed"]),
  detail: Schema.String
}) {
  override get message(): string {
    return this.reason === "ProgramMissing"
      ? `cannot start ${this.id}: ${this.program} is not installed (is it in the image?)`
      : `cannot start ${this.id}: ${this.detail}`
  }
}

/** How a process ended: by an exit code or by a signal. */
export type ProcessExit = { readonly code: number } | { readonly signal: string }

/** The kernel's scheduling of a process (sched(7)); `priority` is 0 but for the real-time policies. */
export interface Scheduling {
  readonly policy: "SCHED_OTHER" | "SCHED_FIFO" | "SCHED_RR" | "other"
  readonly priority: number
}

/** One process that was started and is not yet reaped. */
export interface RunningProcess {
  readonly pid: number
  /** As it is now; undefined when it can't be told. */
  readonly scheduling: Effect.Effect<Scheduling | undefined>
  /** Completes once the process is reaped and its directory is removed. */
  readonly exit: Effect.Effect<ProcessExit>
  /** Signals the whole process group. Harmless after the exit. */
  readonly signal: (signal: "SIGTERM" | "SIGKILL") => Effect.Effect<void>
}

/** A line of output, control characters escaped, cut at a bounded length. */
export interface OutputLine {
  readonly stream: "stdout" | "stderr"
  readonly text: string
}

export class ProcessRunner extends Context.Service<ProcessRunner, {
  /**
   * Makes the directory, writes the files and starts the process in a process group of its own.
   * `onLine` is called synchronously for every line and must not throw; output is always drained.
   */
  readonly start: (
    spec: ProcessSpec,
    onLine: (line: OutputLine) => void
  ) => Effect.Effect<RunningProcess, ProcessStartError>
}>()("linuxptp-daemon/services/processes/ProcessRunner") {}
