/** `npm run bench -- NAME`: measures what the tests must not depend on, and prints it with the machine's facts. */
import { benchReconcile } from "./reconcile.ts"

const benchmarks: Readonly<Record<string, () => Promise<void>>> = { reconcile: benchReconcile }

const name = process.argv[2] ?? ""
const benchmark = benchmarks[name]
if (benchmark === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(benchmarks).join("|")}`)
  process.exitCode = 2
} else {
  await benchmark()
}
