/**
 * How long to wait before a failed request is made again: at least as long as the server asked for, and with a random
 * part so that not all nodes come at the same time. The caller decides which failures are tried again, and how often.
 * Watches have delays of their own (WatchPolicy).
 */
import type { KubernetesApiError } from "./KubernetesApi.ts"

const firstBackOffMillis = 500
const longestBackOffMillis = 30_000
/** The longest wait that a server can ask for; watches have the same limit. */
const longestRetryAfterMillis = 60_000

/**
 * The wait after a number of failures in a row, the last of which was `error`. It is the time that the server asked
 * for, and then 0.5 s, doubled up to 30 s, with full jitter. `random` in [0, 1) is the share of the back-off that is
 * waited.
 */
export const retryDelayMillis = (
  failures: number,
  { retryAfterSeconds = 0 }: KubernetesApiError,
  random: number
): number =>
  Math.min(retryAfterSeconds * 1_000, longestRetryAfterMillis) +
  random * Math.min(firstBackOffMillis * 2 ** (failures - 1), longestBackOffMillis)
