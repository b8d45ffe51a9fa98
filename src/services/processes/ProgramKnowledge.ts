/**
 * What the supervisor needs to know about programs, because it knows none: when one counts as ready, what its last
 * words mean, and how to ask whether it still works. The code that chooses the layers provides it.
 */
import type { Duration, Effect } from "effect"
import type { OutputLine, ProcessExit } from "./ProcessRunner.ts"
import type { ProcessSpec } from "./ProcessSpec.ts"

/**
 * The answer of a process to a question: "it runs", or "it does its work". "silent" is a question that it leaves
 * unanswered on its own, existing socket; "unreachable" means that its socket is gone or belongs to another.
 */
export type ProbeAnswer = "silent" | "unreachable" | "running" | "ready"

/** A run of a program that has ended. */
export interface EndedRun {
  readonly program: string
  readonly exit: ProcessExit
  /** From the start to the exit. */
  readonly lasted: Duration.Duration
  /** The last lines of both outputs, the oldest first. */
  readonly lines: ReadonlyArray<OutputLine>
}

export interface ProgramKnowledge {
  /** True for a line which shows that the program works. */
  readonly becomesReady: (program: string, line: string) => boolean
  /** True if the run ended because of its configuration and would end in the same way again. */
  readonly isConfigurationError: (run: EndedRun) => boolean
  /** The part of the output that says why it ended; empty if no line does. */
  readonly lastWords: (lines: ReadonlyArray<OutputLine>) => string
  /** Why a running program is not ready, found in its last lines, as text for people. */
  readonly whyNotReady: (program: string, lines: ReadonlyArray<string>) => string
  /**
   * The time after which a running process wakes up by itself, whatever happens. Undefined for one that may sleep for
   * ever.
   */
  readonly longestPause: (spec: ProcessSpec) => Duration.Duration | undefined
  /** Undefined for a process that cannot be asked. */
  readonly probe: (spec: ProcessSpec) => Effect.Effect<ProbeAnswer> | undefined
}
