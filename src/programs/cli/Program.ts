/** The command line: its commands, and how the program ends. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit, Layer, Logger, References, Runtime } from "effect"
import { Command } from "effect/cli"
import { version } from "../../services/Version.ts"
import { demoCommand } from "./DemoCommand.ts"
import { devicesCommand } from "./DevicesCommand.ts"
import { parseCommand } from "./ParseCommand.ts"
import { planCommand } from "./PlanCommand.ts"
import { runCommand } from "./RunCommand.ts"
import { statusCommand } from "./StatusCommand.ts"
import { withUsageExit } from "./UsageExit.ts"

const program = Command.make("linuxptp-daemon").pipe(
  Command.withDescription("Runs and supervises linuxptp on the nodes of a Kubernetes cluster"),
  Command.withSubcommands([runCommand, demoCommand, planCommand, devicesCommand, parseCommand, statusCommand])
)

/** A service that Kubernetes or a person asks to stop has not failed: 0 instead of the shell's 130. */
const serviceTeardown: Runtime.Teardown = (exit, onExit) =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? onExit(0) : Runtime.defaultTeardown(exit, onExit)

/** A command's output is its answer alone; what a layer has to complain about goes to stderr. */
const quietLogs = Layer.merge(
  Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]),
  Layer.succeed(References.MinimumLogLevel, "Warn")
)

export const runProgram = (options: { readonly isService: boolean }): void => {
  // A reader that goes away (`| head`) is no reason to stop a clock.
  process.stdout.on("error", () => {})
  process.stderr.on("error", () => {})
  // The default action would end the daemon without its finalizers.
  if (options.isService) process.on("SIGHUP", () => process.kill(process.pid, "SIGTERM"))
  Command.run(program, { version }).pipe(
    withUsageExit,
    Effect.provide(options.isService ? NodeServices.layer : Layer.merge(NodeServices.layer, quietLogs)),
    NodeRuntime.runMain(options.isService ? { teardown: serviceTeardown } : {})
  )
}
