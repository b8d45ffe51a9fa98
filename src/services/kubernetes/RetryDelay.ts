/**
 * How long to wait before a request that failed is made again: not before the time that the server asked for, and not
 * as long as every other node. Which failures are worth it, and how often, is the caller's decision. A watch has delays
 * of its own (WatchPolicy).
 */
import type { KubernetesApiError } from "./KubernetesApi.ts"

const firstBackOffMillis = 500
const longestBackOffMillis = 30_000
/** A server that asks for more patience is asked again all the same, as by a watch. */
const longestRetryAfterMillis = 60_000

/**
 * The wait after so many failures in a row, the last of which was `error`: 0.5 s doubled to 30 s, with full jitter,
 * after the time that the server asked for. `random` is in [0, 1): the share of the back-off that is waited.
 */
export const retryDelayMillis = (
  failures: number,
  { retryAfterSeconds = 0 }: KubernetesApiError,
  random: number
): number =>
  Math.min(retryAfterSeconds * 1_000, longestRetryAfterMillis) +
  random * Math.min(firstBackOffMillis * 2 ** (failures - 1), longestBackOffMillis)
