/** The command line of a checkout: the commands of the image, and `demo`. */
import { Command } from "effect/cli"
import { version } from "../../../services/Version.ts"
import { commands, linuxptpDaemon } from "../Program.ts"
import { demoCommand } from "./DemoCommand.ts"

export const program = linuxptpDaemon.pipe(
  Command.withSubcommands([...commands, demoCommand]),
  Command.run({ version })
)
