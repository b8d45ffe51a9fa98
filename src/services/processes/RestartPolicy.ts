/**
 * When a process that died is started again. The first time at once, because a clock without its servo drifts every
 * second. Then with growing pauses, because a wrong option must not use up a CPU. It is never given up.
 */
import { Duration } from "effect"

/** A process that was ready for this long has its failures forgotten. */
export const healthyAfter = Duration.seconds(60)

const firstDelayMillis = 200
const longestDelayMillis = 30_000

/**
 * The pause before the restart after `deaths` deaths in a row (from 1): none after the first one, then 0.2 s doubled up
 * to 30 s, with full jitter. `random` is uniform in [0, 1).
 */
export const restartDelay = (deaths: number, random: number): Duration.Duration =>
  deaths <= 1
    ? Duration.zero
    : Duration.millis(random * Math.min(longestDelayMillis, firstDelayMillis * 2 ** Math.min(deaths - 2, 10)))
