/**
 * A daemon that only starts children, as a process of its own, so that a test can kill it. Arguments: the run
 * directory, then one shell script for each child, or `timemaster:SCRIPT`. Prints one line when all are started.
 */
import { Effect, Layer, Logger } from "effect"
import * as Libc from "../../../src/layers/native/Libc.ts"
import * as ChildProcessRunner from "../../../src/layers/processes/ChildProcessRunner.ts"
import * as RunDirectory from "../../../src/layers/processes/RunDirectory.ts"
import { ProcessRunner } from "../../../src/services/processes/ProcessRunner.ts"
import { spec } from "./ScriptedRunner.ts"
import { standInHabits } from "./StandInHabits.ts"

const [runDirectory = "", ...scripts] = process.argv.slice(2)

const main = Effect.gen(function*() {
  const runner = yield* ProcessRunner
  const outputs = scripts.map((script, index) => {
    const program = script.startsWith("timemaster:") ? "timemaster" : "ptp4l"
    const id = `${program}-${String(index).padStart(8, "0")}`
    const argv = ["sh", "-c", script.replace(/^timemaster:/, "")]
    return Effect.callback<void>((resume) => {
      const first = () => resume(Effect.void)
      Effect.runFork(runner.start(spec(id, { program, argv, directory: `${runDirectory}/${id}` }), first))
    })
  })
  yield* Effect.all(outputs, { concurrency: "unbounded" })
  console.log("started")
  yield* Effect.callback<void>((resume) => {
    process.stdin.once("end", () => resume(Effect.void)).resume()
  })
})

// Its end is the end of stdin: the layers are closed in order. Children are the supervisor's to stop, and there is none.
await Effect.runPromise(
  main.pipe(
    Effect.provide(
      ChildProcessRunner.layer({ runDirectory }).pipe(
        Layer.provide(RunDirectory.layer({ directory: runDirectory })),
        Layer.provide([Libc.layer, standInHabits()]),
        Layer.provideMerge(Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]))
      )
    )
  )
)
