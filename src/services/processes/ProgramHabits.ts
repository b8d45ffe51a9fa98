/**
 * How programs behave at their end: what the runner, the run directory and the guard have to be told, because they know
 * no program by name. A layer of the programs' own room gives it.
 */
import { Context, type Effect } from "effect"

export class ProgramHabits extends Context.Service<ProgramHabits, {
  /** Every program that may be run. Its processes' directories are called after it, and no other is ever removed. */
  readonly programs: ReadonlyArray<string>
  /**
   * Those that start others and end them on SIGTERM. The death of the daemon is told to them by that signal, not by
   * SIGKILL, and a successor waits until their children are gone as well.
   */
  readonly parents: ReadonlyArray<string>
  /** Removes what a process that was reaped left outside of its directory. Never fails. */
  readonly removeTraces: (program: string, pid: number) => Effect.Effect<void>
  /** Removes what any process left that is gone, by whatever pid. Never fails. */
  readonly removeAllTraces: Effect.Effect<void>
}>()("linuxptp-daemon/services/processes/ProgramHabits") {}
