/**
 * Runs many seeds, each with other faults. `SEEDS` is their number (1,000) and `SEED_START` the first one (0). A seed
 * that fails prints its steps; `SEEDS=1 SEED_START=n npm run test:faults` repeats them.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fork } from "node:child_process"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import type { Share, Told } from "./RunSeeds.ts"
import { allFaults } from "./Scenario.ts"

const numberFrom = (variable: string, otherwise: number) => Number(process.env[variable] ?? otherwise)
const seeds = numberFrom("SEEDS", 1_000)
const firstSeed = numberFrom("SEED_START", 0)
const endSeed = firstSeed + seeds
/** With fewer, chance may leave a kind out. */
const enoughForEveryKind = 1_000
/** What a person can read of what went wrong. */
const mostTraces = 3
const millisInHour = 3_600_000
/** When all is over a process has its own pipes at most. */
const none: ReadonlyArray<string> = []

const isFailed = ({ breaches }: Told) => breaches.length > 0
const isDeaf = ({ breaches }: Told) => breaches.some((breach) => breach.startsWith("DEAF"))

/** One process and its share; it is ended with the test. */
const runShare = (index: number, shares: number) =>
  Effect.callback<Share>((resume) => {
    const keepsTraces = seeds === 1 ? 1 : 0
    const child = fork(
      fileURLToPath(new URL("RunSeeds.ts", import.meta.url)),
      [firstSeed + index, endSeed, shares, keepsTraces].map(String),
      { execArgv: ["--disable-warning=ExperimentalWarning"], serialization: "advanced" }
    )
    let share: Share | undefined
    child.on("message", (message: Share) => {
      share = message
    })
    child.on("exit", (code, signal) =>
      resume(
        share === undefined
          ? Effect.die(new Error(`a share of the seeds ended by ${signal ?? code}`))
          : Effect.succeed(share)
      ))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

const failureText = ({ breaches, seed, trace }: Told) =>
  [
    `seed ${seed}: ${breaches.join("; ")}`,
    ...trace,
    `again: SEEDS=1 SEED_START=${seed} npm run test:faults`
  ].join("\n")

interface Kind {
  readonly kind: string
  readonly count: number
  /** Undefined while it was always beside one that takes longer. */
  readonly worstMillis: number | undefined
}

/** How often each kind of fault was met and how long a sync took at most, the rarest first. */
const kindsOf = (outcomes: ReadonlyArray<Told>): ReadonlyArray<Kind> =>
  allFaults.map(({ kind }): Kind => {
    const met = outcomes.flatMap((outcome) => outcome.met).filter((one) => one.kind === kind)
    const times = met.flatMap(({ syncMillis }) => syncMillis === undefined ? [] : [syncMillis])
    return { kind, count: met.length, worstMillis: times.length === 0 ? undefined : Math.max(...times) }
  }).toSorted((a, b) => a.count - b.count)

const summary = (outcomes: ReadonlyArray<Told>, millis: number) => {
  const hours = outcomes.reduce((sum, { virtualMillis }) => sum + virtualMillis, 0) / millisInHour
  const requests = outcomes.reduce((sum, outcome) => sum + outcome.requests, 0)
  const kinds = kindsOf(outcomes)
  return [
    `${outcomes.length} seeds, ${hours.toFixed(1)} h of virtual time in ${(millis / 1_000).toFixed(1)} s: ` +
    `${outcomes.filter(isDeaf).length} deaf clients, ${outcomes.filter(isFailed).length} with broken invariants, ` +
    `${requests} requests`,
    `${
      kinds.reduce((sum, { count }) => sum + count, 0)
    } faults of ${kinds.length} kinds; the longest time from the end to the sync in s:`,
    ...kinds.map(({ count, kind, worstMillis }) =>
      `${String(count).padStart(6)} ${
        (worstMillis === undefined ? "-" : (worstMillis / 1_000).toFixed(1)).padStart(6)
      } ${kind}`
    )
  ].join("\n")
}

describe(`the client of the Kubernetes API among faults, seeds ${firstSeed} to ${endSeed - 1}`, () => {
  it.live("is never deaf, never a burden, and never a reason to touch a clock", () =>
    Effect.gen(function*() {
      const begun = performance.now()
      const shares = Math.min(availableParallelism(), seeds)
      const told = yield* Effect.forEach(
        Array.from({ length: shares }, (_, index) => index),
        (index) => runShare(index, shares),
        { concurrency: "unbounded" }
      )
      const outcomes = told.flatMap((share) => share.outcomes).toSorted((a, b) => a.seed - b.seed)
      console.log(summary(outcomes, performance.now() - begun))
      if (seeds === 1) console.log(outcomes.flatMap(({ trace }) => trace).join("\n"))
      const failed = outcomes.filter(isFailed)
      if (failed.length > 0) console.log(failed.slice(0, mostTraces).map(failureText).join("\n\n"))
      assert.strictEqual(outcomes.length, seeds, "every seed was run")
      assert.deepStrictEqual(failed.map(({ seed }) => seed), [], "these seeds failed")
      assert.deepStrictEqual(told.flatMap(({ leftOpen }) => leftOpen), none, "nothing is left open")
      if (seeds < enoughForEveryKind) return
      const absent = kindsOf(outcomes).filter(({ count }) => count === 0).map(({ kind }) => kind)
      assert.deepStrictEqual(absent, [], "these faults never happened")
    }))
})
