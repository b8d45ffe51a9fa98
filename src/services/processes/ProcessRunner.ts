/**
 * The contract to start one operating-system process and to learn how it ends. It decides nothing: the supervisor
 * decides when to start, signal and give up. One layer starts real child processes, another simulated ones.
 */
import { Context, type Effect, Schema } from "effect"
import type { ProcessSpec } from "./ProcessSpec.ts"

/**
 * The process could not be started: its program is missing, its files cannot be written, the fork failed, or another
 * daemon uses one of its devices.
 */
export class ProcessStartError extends Schema.TaggedError<ProcessStartError>()("ProcessStartError", {
  id: Schema.String,
  program: Schema.String,
  reason: Schema.Literals(["ProgramMissing", "FilesNotWritten", "SpawnFailed", "DeviceClaimed"]),
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

/** How the kernel schedules a process (sched(7)). `priority` is 0 except for real-time policies. */
export interface Scheduling {
  readonly policy: "SCHED_OTHER" | "SCHED_FIFO" | "SCHED_RR" | "other"
  readonly priority: number
}

/** What the kernel tells of a process at one moment. */
export interface Vitals {
  /** One letter of proc_pid_stat(5): `S` sleeps, `R` runs, `T` is stopped, `D` waits for the kernel. */
  readonly state: string
  /** Context switches since its start. */
  readonly switches: number
}

/** A process that was started and is not reaped yet. */
export interface RunningProcess {
  readonly pid: number
  /** The present value; undefined if it cannot be read. */
  readonly scheduling: Effect.Effect<Scheduling | undefined>
  /** The present value; undefined if it cannot be read. */
  readonly vitals: Effect.Effect<Vitals | undefined>
  /** Completes when the process is reaped and its directory is removed. */
  readonly exit: Effect.Effect<ProcessExit>
  /** Sends a signal to the whole process group. Harmless after the exit. */
  readonly signal: (signal: "SIGTERM" | "SIGKILL") => Effect.Effect<void>
}

/** A line of output. Control characters are escaped, and its length is limited. */
export interface OutputLine {
  readonly stream: "stdout" | "stderr"
  readonly text: string
}

export class ProcessRunner extends Context.Service<ProcessRunner, {
  /**
   * Creates the directory, writes the files and starts the process in a process group of its own. `onLine` is called
   * synchronously for every line and must not throw. The output is always read.
   */
  readonly start: (
    spec: ProcessSpec,
    onLine: (line: OutputLine) => void
  ) => Effect.Effect<RunningProcess, ProcessStartError>
}>()("linuxptp-daemon/services/processes/ProcessRunner") {}
