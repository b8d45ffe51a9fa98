/**
 * When a request that failed is made again: not before the time that the server asked for, and not by all nodes at
 * once. Which failures are worth it, and how often, is the caller's; a watch has delays of its own (WatchPolicy).
 */
import { Duration, Effect, Random, Schedule } from "effect"
import type { KubernetesApiError } from "./KubernetesApi.ts"

/** A server that asks for more patience is asked again all the same, as by a watch. */
const longestRetryAfter = Duration.seconds(60)

/** Endless: 0.5 s doubled to 30 s, each with full jitter, after the time that the server asked for. */
export const retrySchedule = Schedule.exponential("500 millis").pipe(
  Schedule.setInputType<KubernetesApiError>(),
  Schedule.modifyDelay(({ duration, input: { retryAfterSeconds = 0 } }) =>
    Effect.map(Random.next, (random) =>
      Duration.sum(
        Duration.min(Duration.seconds(retryAfterSeconds), longestRetryAfter),
        Duration.times(Duration.min(duration, Duration.seconds(30)), random)
      ))
  )
)
