/**
 * What the runner, the run directory and the guard need to know about the end of programs, because they know no program
 * by name. The folder in `layers` that belongs to the programs provides it.
 */
import { Context, type Effect } from "effect"

export class ProgramHabits extends Context.Service<ProgramHabits, {
  /**
   * Every program that may run. The directories of processes begin with one of these names, and no other directory is
   * ever removed.
   */
  readonly programs: ReadonlyArray<string>
  /**
   * Programs that start others and end them on SIGTERM. When the daemon dies they get SIGTERM and not SIGKILL, and a
   * successor waits until their children are gone too.
   */
  readonly parents: ReadonlyArray<string>
  /** Removes what a reaped process has left outside of its directory. Never fails. */
  readonly removeTraces: (program: string, pid: number) => Effect.Effect<void>
  /** Removes what any process that is gone has left, whatever its pid was. Never fails. */
  readonly removeAllTraces: Effect.Effect<void>
}>()("linuxptp-daemon/services/processes/ProgramHabits") {}
