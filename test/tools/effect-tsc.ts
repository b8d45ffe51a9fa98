/**
 * Type-checks the project with the Effect-aware compiler where its binary package exists
 * (x64 Linux), else with plain `tsc`, which sees the same types but fewer Effect mistakes.
 */
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"

const effectTsc = "node_modules/@effect/tsgo-linux-x64/lib/tsc"
const [command, args] = existsSync(effectTsc)
  ? [effectTsc, ["--incremental", "false"]] as const
  : ["node_modules/.bin/tsc", []] as const
process.exitCode = spawnSync(command, args, { stdio: "inherit" }).status ?? 1
