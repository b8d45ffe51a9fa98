/** Sets the gauge that changes with time and not by an event: the age of each watch. */
import { Duration, Effect, Metric, Schedule } from "effect"
import { KubernetesApi } from "../services/kubernetes/KubernetesApi.ts"
import { buildInfo, watchAge } from "../services/Metrics.ts"
import { version } from "../services/Version.ts"

const period = Duration.seconds(5)

/** Never ends by itself. */
export const run = Effect.gen(function*() {
  const api = yield* KubernetesApi
  yield* Metric.update(Metric.withAttributes(buildInfo, { version }), 1)
  const update = Effect.gen(function*() {
    for (const { age, resource } of yield* api.watches) {
      yield* Metric.update(Metric.withAttributes(watchAge, { resource }), Duration.toSeconds(age))
    }
  })
  return yield* Effect.repeat(update, Schedule.spaced(period))
})
