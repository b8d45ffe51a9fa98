/** The machine's monotonic clock (Linux: CLOCK_MONOTONIC), which the processes of the fleet benchmark share. */

/** Milliseconds with their fraction. */
export const monotonicMillis = (): number => Number(process.hrtime.bigint()) / 1e6
