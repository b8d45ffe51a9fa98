/** Measures how late the event loop is. A liveness probe would notice that only when it is too late. */
import { Effect, Layer, Metric, Schedule } from "effect"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { eventLoopLag } from "../../services/Metrics.ts"

const resolutionMillis = 20
const period = "5 seconds"

/** Sets the longest lag of the last 5 s, in seconds. */
export const layer: Layer.Layer<never> = Layer.effectDiscard(Effect.gen(function*() {
  const delay = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const monitor = monitorEventLoopDelay({ resolution: resolutionMillis })
      monitor.enable()
      return monitor
    }),
    (monitor) => Effect.sync(() => monitor.disable())
  )
  const sample = Effect.suspend(() => {
    const longest = delay.max / 1e9
    delay.reset()
    // The measured time includes the sampling interval. Before the first sample the maximum is not a number.
    return Metric.update(eventLoopLag, Number.isFinite(longest) ? Math.max(0, longest - resolutionMillis / 1e3) : 0)
  })
  yield* sample.pipe(Effect.repeat(Schedule.spaced(period)), Effect.forkScoped)
}))
