/** Everything that happens in a scenario, as lines, and what the judge had to say of it. */
import type { RunnerWitness } from "./Children.ts"
import type { Judge } from "./Judge.ts"

export interface Trace {
  readonly lines: ReadonlyArray<string>
  readonly breaches: ReadonlyArray<string>
  readonly note: (text: string) => void
  readonly breach: (text: string) => void
}

export const makeTrace = (now: () => number): Trace => {
  const lines: Array<string> = []
  const breaches: Array<string> = []
  const note = (text: string) => void lines.push(`${(now() / 1_000).toFixed(3).padStart(9)} ${text}`)
  return {
    lines,
    breaches,
    note,
    breach: (text) => {
      note(`BREACH ${text}`)
      breaches.push(text)
    }
  }
}

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
    judge.onExit(child, exit)
  },
  onPlan
})
