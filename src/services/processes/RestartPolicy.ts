/**
 * When a process that died starts again. The first time at once, because a clock without its servo drifts with every
 * second; then slower, because a wrong option must not spin a core; and never not at all.
 */
import { Duration } from "effect"

/** A process that was ready for this long has a clean record again. */
export const healthyAfter = Duration.seconds(60)

const firstDelayMillis = 200
const longestDelayMillis = 30_000

/**
 * The pause before restart number `deaths` (1 is the first): none, then 0.2 s doubled to 30 s, each with full jitter.
 * `random` is uniform in [0, 1).
 */
export const restartDelay = (deaths: number, random: number): Duration.Duration =>
  deaths <= 1
    ? Duration.zero
    : Duration.millis(random * Math.min(longestDelayMillis, firstDelayMillis * 2 ** Math.min(deaths - 2, 10)))
