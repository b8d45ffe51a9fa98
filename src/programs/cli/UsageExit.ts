/** The exit code for a command line that cannot be understood. The entry point wraps the whole program in it. */
import { Effect, Runtime, Schema } from "effect"
import { CliError } from "effect/cli"

/** Unknown or missing flags and values of the wrong type. The details are already on stderr. */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", { cause: Schema.Defect() }) {
  override readonly [Runtime.errorExitCode] = 2
  override readonly [Runtime.errorReported] = false

  override get message(): string {
    return "the command line can't be understood"
  }
}

/** Exit code 2 for usage errors. Asking for help exits with 0, and other failures are not changed. */
export const withUsageExit = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E | UsageError, R> =>
  Effect.mapError(
    program,
    (error) => CliError.isCliError(error) && isMistake(error) ? new UsageError({ cause: error }) : error
  )

const isMistake = (error: CliError.CliError): boolean => error._tag !== "ShowHelp" || error.errors.length > 0
