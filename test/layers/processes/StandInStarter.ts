/**
 * Starts 30 children, as a process of its own so that a test can limit its file descriptors, ends them, and does so
 * again. Prints the descriptors that are open after each round.
 */
import { Effect, Layer } from "effect"
import { readdirSync } from "node:fs"
import * as ChildProcessRunner from "../../../src/layers/processes/ChildProcessRunner.ts"
import { ProcessRunner } from "../../../src/services/processes/ProcessRunner.ts"
import { spec } from "./ScriptedRunner.ts"
import { standInHabits } from "./StandInHabits.ts"

const runDirectory = process.argv[2] ?? ""

const round = Effect.gen(function*() {
  const runner = yield* ProcessRunner
  const starts = yield* Effect.forEach(
    Array.from({ length: 30 }, (_, index) => `ptp4l-${index}`),
    (id) =>
      Effect.option(
        runner.start(spec(id, { argv: ["sleep", "1000"], directory: `${runDirectory}/${id}` }), () => {})
      )
  )
  const children = starts.flatMap((start) => start._tag === "Some" ? [start.value] : [])
  yield* Effect.forEach(children, (child) => Effect.andThen(child.signal("SIGKILL"), child.exit))
  console.log(`${children.length} ${readdirSync("/proc/self/fd").length}`)
})

await Effect.runPromise(
  round.pipe(
    Effect.repeat({ times: 2 }),
    Effect.provide(Layer.provide(ChildProcessRunner.layer({ runDirectory }), standInHabits()))
  )
)
