/**
 * What the supervisor has to be told about programs, because it knows none: when one counts as ready, what its last
 * words mean, how to ask whether it still answers. Who picks the layers hands it in.
 */
import type { Duration, Effect } from "effect"
import type { OutputLine, ProcessExit } from "./ProcessRunner.ts"
import type { ProcessSpec } from "./ProcessSpec.ts"

/** Answer of a process that was asked: not at all, that it runs, or that it does its work. */
export type ProbeAnswer = "silent" | "running" | "ready"

/** One run of a program that is over. */
export interface EndedRun {
  readonly program: string
  readonly exit: ProcessExit
  /** From the start to the exit. */
  readonly lasted: Duration.Duration
  /** The last lines of both outputs, oldest first. */
  readonly lines: ReadonlyArray<OutputLine>
}

export interface ProgramKnowledge {
  /** True for the line by which a program shows that it works. */
  readonly becomesReady: (program: string, line: string) => boolean
  /** True when the run ended because of its configuration, and would so again. */
  readonly isConfigurationError: (run: EndedRun) => boolean
  /** The part of the output that says why it ended; empty when nothing does. */
  readonly lastWords: (lines: ReadonlyArray<OutputLine>) => string
  /** Why a program is not ready although it runs, from its last lines, for people. */
  readonly whyNotReady: (program: string, lines: ReadonlyArray<string>) => string
  /** Undefined for a process that can't be asked. */
  readonly probe: (spec: ProcessSpec) => Effect.Effect<ProbeAnswer> | undefined
}
