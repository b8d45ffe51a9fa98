/** When a line of linuxptp was printed. It may be read some time later, and answers on the socket are compared with it. */

/** Both in monotonic nanoseconds. */
export interface LineTimes {
  readonly saidAt: bigint
  readonly now: bigint
}

/** A line that is older was recorded on another machine. */
const longestDelay = 60_000_000_000n

/** The times of a line with this uptime in its frame, read at `now`. */
export const lineTimes = (uptimeSeconds: number, now: bigint): LineTimes => {
  const time = BigInt(Math.round(uptimeSeconds * 1e3)) * 1_000_000n
  return { now, saidAt: time <= now && now - time < longestDelay ? time : now }
}
