/** How the program starts and ends: services, logs and exit codes that all commands share. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Config, Effect, Exit, Layer, Logger, References, Runtime, Schema } from "effect"
import * as Libc from "../../layers/native/Libc.ts"
import { settingText } from "../../services/Settings.ts"
import { withUsageExit } from "./UsageExit.ts"

/**
 * A service that is told to stop by Kubernetes or by a person has not failed, so its exit code is 0 and not the shell's
 * 130.
 */
const serviceTeardown = (libc: Libc.Libc["Service"]): Runtime.Teardown => (exit, onExit) => {
  const end = (code: number) => void Effect.runPromise(endAtOnce(libc, code)).then(() => onExit(code))
  return Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? end(0) : Runtime.defaultTeardown(exit, end)
}

/**
 * Ends the process at once, when everything is done and written. Node's own exit waits for V8's compiler threads, and
 * in one of some hundred cases it waits for ever (nodejs/node#54918); then the kubelet would have to kill a daemon that
 * has already stopped. Without native calls this returns.
 */
const endAtOnce = ({ calls }: Libc.Libc["Service"], code: number): Effect.Effect<void> =>
  calls.pipe(Effect.map(({ exit }) => exit(code)), Effect.ignore)

/** Only the answer of a command goes to stdout. Log messages of layers go to stderr. */
const quietLogs = Layer.merge(
  Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]),
  Layer.succeed(References.MinimumLogLevel, "Warn")
)

/** A failure that was reported in one sentence. A stack trace would be of no use to a person at a terminal. */
class ToldFailure extends Schema.TaggedError<ToldFailure>()("ToldFailure", { exitCode: Schema.Int }) {
  override readonly [Runtime.errorExitCode] = this.exitCode
  override readonly [Runtime.errorReported] = false
}

/** Reports a failure on stderr. The runtime reports defects in full, because they are bugs. */
const tellFailure = Effect.fnUntraced(function*(error: unknown) {
  const message = error instanceof Config.ConfigError ? settingText(error) : error instanceof Error
    ? error.message
    : String(error)
  // Usage errors, and plans that contain mistakes, have already been reported.
  if (Runtime.getErrorReported(error)) yield* Effect.sync(() => console.error(`error: ${message}`))
  return yield* new ToldFailure({ exitCode: Runtime.getErrorExitCode(error) })
})

/** A command line that is ready to run. */
export type Program<E> = Effect.Effect<void, E, NodeServices.NodeServices | Libc.Libc>

/** Runs the program and ends the process with its exit code. */
export const launch = <E>(program: Program<E>, options: { readonly isService: boolean }): void => {
  // A reader that goes away (`| head`) must not stop a clock.
  process.stdout.on("error", () => {})
  process.stderr.on("error", () => {})
  // Without this handler SIGHUP would end the daemon without its finalizers.
  if (options.isService) process.on("SIGHUP", () => process.kill(process.pid, "SIGTERM"))
  // Created before the runtime, because the teardown needs it after the runtime has ended.
  const libc = Effect.runSync(Libc.make)
  program.pipe(
    withUsageExit,
    Effect.catch(tellFailure),
    Effect.provideService(Libc.Libc, libc),
    Effect.provide(options.isService ? NodeServices.layer : Layer.merge(NodeServices.layer, quietLogs)),
    NodeRuntime.runMain(options.isService ? { teardown: serviceTeardown(libc) } : {})
  )
}
