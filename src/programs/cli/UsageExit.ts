/**
 * The exit code of a command line that can't be understood. The entry point wraps the whole program in it.
 */
import { Effect, Runtime, Schema } from "effect"
import { CliError } from "effect/cli"

/** Unknown flags, missing ones, values of the wrong shape. What is wrong is on stderr already. */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", { cause: Schema.Defect() }) {
  override readonly [Runtime.errorExitCode] = 2
  override readonly [Runtime.errorReported] = false

  override get message(): string {
    return "the command line can't be understood"
  }
}

/** Exit code 2 for usage errors; asking for help stays 0, and all other failures stay what they are. */
export const withUsageExit = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E | UsageError, R> =>
  Effect.mapError(
    program,
    (error) => CliError.isCliError(error) && isMistake(error) ? new UsageError({ cause: error }) : error
  )

const isMistake = (error: CliError.CliError): boolean => error._tag !== "ShowHelp" || error.errors.length > 0
