/** `npm run bench -- NAME`: measures what the tests must not depend on, and prints it with the machine's facts. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import type { Effect } from "effect"
import { benchBoot } from "./boot.ts"
import { benchEvidence } from "./evidence.ts"
import { benchFleet } from "./fleet.ts"
import { benchFlood } from "./flood.ts"
import { benchLeaks } from "./leaks.ts"
import { benchReconcile } from "./reconcile.ts"
import { benchRestart } from "./restart.ts"

const benchmarks: Readonly<Record<string, Effect.Effect<void, unknown>>> = {
  boot: benchBoot,
  evidence: benchEvidence,
  fleet: benchFleet,
  flood: benchFlood,
  leaks: benchLeaks,
  reconcile: benchReconcile,
  restart: benchRestart
}

const name = process.argv[2] ?? ""
const benchmark = benchmarks[name]
if (benchmark === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(benchmarks).join("|")}`)
  process.exitCode = 2
} else {
  // Ctrl-C interrupts, so that children and temporary files go in any case.
  NodeRuntime.runMain(benchmark)
}
