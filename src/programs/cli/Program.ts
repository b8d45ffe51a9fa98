/** The command line: every command there is. */
import { Command } from "effect/cli"
import { version } from "../../services/Version.ts"
import { demoCommand } from "./demo/DemoCommand.ts"
import { devicesCommand } from "./DevicesCommand.ts"
import { parseCommand } from "./ParseCommand.ts"
import { planCommand } from "./PlanCommand.ts"
import { runCommand } from "./RunCommand.ts"
import { statusCommand } from "./StatusCommand.ts"

export const program = Command.make("linuxptp-daemon").pipe(
  Command.withDescription("Runs and supervises linuxptp on the nodes of a Kubernetes cluster"),
  Command.withSubcommands([runCommand, demoCommand, planCommand, devicesCommand, parseCommand, statusCommand]),
  Command.run({ version })
)
