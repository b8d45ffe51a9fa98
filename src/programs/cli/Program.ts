/** The command line of the image: every command except the demo. */
import { Command } from "effect/cli"
import { version } from "../../services/Version.ts"
import { devicesCommand } from "./DevicesCommand.ts"
import { parseCommand } from "./ParseCommand.ts"
import { planCommand } from "./PlanCommand.ts"
import { runCommand } from "./RunCommand.ts"
import { statusCommand } from "./StatusCommand.ts"

/** The program name and description, without commands. */
export const linuxptpDaemon = Command.make("linuxptp-daemon").pipe(
  Command.withDescription("Runs and supervises linuxptp on the nodes of a Kubernetes cluster")
)

/** The commands that need no simulation. */
export const commands = [runCommand, planCommand, devicesCommand, parseCommand, statusCommand] as const

export const program = linuxptpDaemon.pipe(Command.withSubcommands(commands), Command.run({ version }))
