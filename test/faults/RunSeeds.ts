/** A process that runs a part of the seeds. Seeds.test.ts starts one for each core and adds up their results. */
import { makeFence } from "./Quiet.ts"
import { type Outcome, runScenario } from "./Scenario.ts"

/** What is told of a seed; its steps only if it failed, or was the only one. */
export type Told = Omit<Outcome, "trace"> & { readonly trace: ReadonlyArray<string> }

/** Of one process, at its end. */
export interface Share {
  readonly outcomes: ReadonlyArray<Told>
  /** Sockets, listeners and pipes that are open when all is over. */
  readonly leftOpen: ReadonlyArray<string>
}

const problems: Array<string> = []
process.on("unhandledRejection", (reason) => void problems.push(`unhandled rejection: ${String(reason)}`))
process.on("uncaughtException", (error) => void problems.push(`uncaught exception: ${error.stack ?? error.message}`))
// Listeners that pile up on a socket or an agent.
process.on("warning", ({ message, name }) => void problems.push(`warning: ${name}: ${message}`))

const [first = 0, end = 0, stride = 1, keepsTraces = 0] = process.argv.slice(2).map(Number)
const outcomes: Array<Told> = []
const fence = await makeFence()
for (let seed = first; seed < end; seed += stride) {
  const outcome = await runScenario(seed, { fence })
  const breaches = [...outcome.breaches, ...problems.splice(0)]
  outcomes.push({ ...outcome, breaches, trace: breaches.length > 0 || keepsTraces === 1 ? outcome.trace : [] })
}
await fence.pass()
fence.close()
// Handles are closed by the event loop, not by the call.
for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate)
const leftOpen = process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS|Server)/.test(name))
process.send?.({ outcomes, leftOpen } satisfies Share, () => process.exit())
