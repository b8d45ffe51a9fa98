/** The command line with `run` alone. A node loads only this, without the other commands and their packages. */
import { Command } from "effect/cli"
import { version } from "../../services/Version.ts"
import { runCommand } from "./RunCommand.ts"

export const program = Command.make("linuxptp-daemon").pipe(
  Command.withSubcommands([runCommand]),
  Command.run({ version })
)
