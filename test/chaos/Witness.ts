/** Records what children do, for a reader of the steps, and shows it to the judge. */
import type { RunnerWitness } from "../simulation/Children.ts"
import type { Trace } from "../simulation/Trace.ts"
import type { Judge } from "./Judge.ts"

/** Writes down what children do, and lets the judge see it. */
export const witnessOf = (
  { note }: Trace,
  judge: Judge,
  onPlan: RunnerWitness["onPlan"]
): RunnerWitness => ({
  onAttempt: (spec) => {
    note(`starts ${spec.id}`)
    judge.onAttempt(spec)
  },
  onFailure: (spec, failure) => {
    note(`  ${spec.id} is not started: ${failure}`)
    judge.onFailure(spec)
  },
  onStart: (child) => {
    const { argv, id, interfaces } = child.spec
    note(`  ${id} is pid ${child.pid}: ${argv.join(" ")} (${interfaces.join(" ")})`)
    judge.onStart(child)
  },
  onReady: ({ pid, spec }) => note(`  ${spec.id}, pid ${pid}, is ready`),
  onSignal: (child, signal) => {
    note(`${signal} to ${child.spec.id}, pid ${child.pid}`)
    judge.onSignal(child, signal)
  },
  onExit: (child, exit) => {
    note(`  ${child.spec.id}, pid ${child.pid}, ends: ${"code" in exit ? `code ${exit.code}` : exit.signal}`)
    judge.onExit(child)
  },
  onPlan
})
