/**
 * A token bucket that limits the writes of one node: ten at once after a rest, then one every 5 s. Pure. Publication
 * spends a token for each write that it begins.
 */

const burst = 10n
const refillNanos = 5_000_000_000n

/** The monotonic nanosecond at which all tokens are available again. */
export type WriteBudget = bigint

/** All tokens are available. */
export const fullBudget: WriteBudget = 0n

/** The monotonic nanosecond from which a token is available. */
export const tokenAt = (budget: WriteBudget): bigint => budget - (burst - 1n) * refillNanos

/** The budget after a token was taken at `now`. A token must be available. */
export const spendToken = (budget: WriteBudget, now: bigint): WriteBudget => (budget > now ? budget : now) + refillNanos
