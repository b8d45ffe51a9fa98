/**
 * What 10,000 restarts leave behind: file descriptors, fibers, libuv's active resources, listeners of the process,
 * heap after a collection and RSS. Children are real and die at once, the supervisor's back-off is fixed to nothing.
 * The heap holds V8's own code too: what it compiles and throws away again is some bytes a restart. `RESTARTS` in the
 * environment asks for another number.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Config, Console, Effect, Layer, Logger } from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { type HeldCount, makeEndlessDeaths } from "../test/layers/processes/EndlessDeaths.ts"
import { machineFacts } from "./MachineFacts.ts"

const rows = 10

setFlagsFromString("--expose-gc")
const gc: unknown = runInNewContext("gc")

/** Twice, because finalizers of the first let go of more. */
const collect = Effect.sync(() => {
  if (typeof gc === "function") gc()
}).pipe(Effect.andThen(Effect.sleep("50 millis")), Effect.repeat({ times: 1 }))

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`

const countedNames = ["fileDescriptors", "fibers", "resources", "listeners"] as const

interface Held extends HeldCount {
  readonly heapUsed: number
  readonly rss: number
}

const held = (count: () => HeldCount): Effect.Effect<Held> =>
  Effect.andThen(
    collect,
    Effect.sync(() => {
      const { heapUsed, rss } = process.memoryUsage()
      return { ...count(), heapUsed, rss }
    })
  )

const measure = Effect.gen(function*() {
  const restarts = yield* Config.Int("RESTARTS").pipe(Config.withDefault(10_000))
  const { count, deaths } = yield* makeEndlessDeaths
  yield* Console.log(`${machineFacts()}\nrestarts  fds  fibers  resources  listeners        heap         RSS`)
  const step = Math.ceil(restarts / rows)
  const samples: Array<Held> = []
  for (let done = step; done <= restarts; done += step) {
    yield* deaths(step)
    const now = yield* held(count)
    samples.push(now)
    yield* Console.log([
      String(done).padStart(8),
      String(now.fileDescriptors).padStart(5),
      String(now.fibers).padStart(8),
      String(now.resources).padStart(11),
      String(now.listeners).padStart(11),
      mebibytes(now.heapUsed).padStart(12),
      mebibytes(now.rss).padStart(12)
    ].join(""))
  }
  yield* tellGrowth(samples, step)
})

/** From the first row to the last; what is counted has to be equal, bytes only not to grow with each restart. */
const tellGrowth = (samples: ReadonlyArray<Held>, step: number) => {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined) return Effect.void
  const counted = countedNames.map((name) => `${name} ${signed(last[name] - first[name])}`)
  const bytes = last.heapUsed - first.heapUsed
  const each = bytes / (step * (samples.length - 1))
  return Console.log(
    `from ${step} on: ${counted.join(", ")} (target 0), ` +
      `heap ${signed(Math.round(bytes / 1024))} KiB (${each.toFixed(0)} bytes a restart), ` +
      `RSS ${signed(Math.round((last.rss - first.rss) / 1024))} KiB`
  )
}

const signed = (value: number) => `${value < 0 ? "" : "+"}${value}`

export const benchLeaks: Effect.Effect<void, unknown> = measure.pipe(
  Effect.scoped,
  Effect.provide(Layer.merge(NodeFileSystem.layer, Logger.layer([])))
)
