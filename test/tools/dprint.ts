/** Runs the formatter (`check` or `fmt`); its binary package exists for x64 Linux only, elsewhere it says so. */
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"

const dprint = "node_modules/@dprint/linux-x64-glibc/dprint"
if (existsSync(dprint)) {
  process.exitCode = spawnSync(dprint, process.argv.slice(2), { stdio: "inherit" }).status ?? 1
} else {
  console.error("formatting skipped: dprint has no binary package for this machine")
}
