/** How the program runs and ends: services, logs and exit codes that all commands share. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit, Layer, Logger, References, Runtime, Schema } from "effect"
import * as Libc from "../../layers/native/Libc.ts"
import { withUsageExit } from "./UsageExit.ts"

/** A service that Kubernetes or a person asks to stop has not failed: 0 instead of the shell's 130. */
const serviceTeardown = (libc: Libc.Libc["Service"]): Runtime.Teardown => (exit, onExit) => {
  const end = (code: number) => void Effect.runPromise(endAtOnce(libc, code)).then(() => onExit(code))
  return Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? end(0) : Runtime.defaultTeardown(exit, end)
}

/**
 * Everything is done and written by now. Node's own end waits for V8's compiler threads, and once in some hundred times
 * for ever (nodejs/node#54918): the kubelet would have to kill a daemon that has stopped. Returns without native calls.
 */
const endAtOnce = ({ calls }: Libc.Libc["Service"], code: number): Effect.Effect<void> =>
  calls.pipe(Effect.map(({ exit }) => exit(code)), Effect.ignore)

/** A command's output is its answer alone; what a layer has to complain about goes to stderr. */
const quietLogs = Layer.merge(
  Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]),
  Layer.succeed(References.MinimumLogLevel, "Warn")
)

/** A failure that was told in one sentence; where it came from is nothing that a person at a terminal can use. */
class ToldFailure extends Schema.TaggedError<ToldFailure>()("ToldFailure", { exitCode: Schema.Int }) {
  override readonly [Runtime.errorExitCode] = this.exitCode
  override readonly [Runtime.errorReported] = false
}

/** Says on stderr what failed. Defects are told in full by the runtime: they are bugs. */
const tellFailure = Effect.fnUntraced(function*(error: unknown) {
  const message = error instanceof Error ? error.message : String(error)
  // Usage errors, and plans with errors in them, have said all there is to say.
  if (Runtime.getErrorReported(error)) yield* Effect.sync(() => console.error(`error: ${message}`))
  return yield* new ToldFailure({ exitCode: Runtime.getErrorExitCode(error) })
})

/** A command line, ready to run. */
export type Program<E> = Effect.Effect<void, E, NodeServices.NodeServices | Libc.Libc>

/** Runs the program and ends the process with its exit code. */
export const launch = <E>(program: Program<E>, options: { readonly isService: boolean }): void => {
  // A reader that goes away (`| head`) is no reason to stop a clock.
  process.stdout.on("error", () => {})
  process.stderr.on("error", () => {})
  // The default action would end the daemon without its finalizers.
  if (options.isService) process.on("SIGHUP", () => process.kill(process.pid, "SIGTERM"))
  // Made before the runtime, which ends before the teardown asks it.
  const libc = Effect.runSync(Libc.make)
  program.pipe(
    withUsageExit,
    Effect.catch(tellFailure),
    Effect.provideService(Libc.Libc, libc),
    Effect.provide(options.isService ? NodeServices.layer : Layer.merge(NodeServices.layer, quietLogs)),
    NodeRuntime.runMain(options.isService ? { teardown: serviceTeardown(libc) } : {})
  )
}
