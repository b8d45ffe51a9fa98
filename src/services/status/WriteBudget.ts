/**
 * A token bucket, so that the writes of one node never become a storm: ten at once after a rest, then one each 5 s.
 * Pure; Publication spends a token for each write that it begins.
 */

const burst = 10n
const refillNanos = 5_000_000_000n

/** The monotonic nanosecond at which every token is there again. */
export type WriteBudget = bigint

/** Every token is there. */
export const fullBudget: WriteBudget = 0n

/** The monotonic nanosecond from which a token is there. */
export const tokenAt = (budget: WriteBudget): bigint => budget - (burst - 1n) * refillNanos

/** The budget without the token that is taken at `now`, which must be there. */
export const spendToken = (budget: WriteBudget, now: bigint): WriteBudget => (budget > now ? budget : now) + refillNanos
