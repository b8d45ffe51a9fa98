/** Which log lines a change of the node's clock deserves. Pure: ObserveClocks writes them to the log. */
import type { NodeClock } from "./NodeClock.ts"

/** One log line. An alarm is a warning; a change of state is not. */
export interface ClockNews {
  readonly isWarning: boolean
  readonly message: string
  readonly annotations: Readonly<Record<string, string>>
}

/** First the alarms that are new in `now`, then the state if it has changed. */
export const clockNews = (before: NodeClock | undefined, now: NodeClock | undefined): ReadonlyArray<ClockNews> => {
  if (now === undefined) return []
  const known = new Set(before?.alarms.map(({ message }) => message))
  const alarms = now.alarms.filter(({ message }) => !known.has(message)).map(({ message, reason }) => ({
    isWarning: true,
    message: "clock alarm",
    annotations: { reason, message }
  }))
  if (before?.state === now.state) return alarms
  const annotations = {
    state: now.state,
    reason: now.reason,
    ...(before === undefined ? {} : { previous: before.state }),
    ...(now.grandmaster === undefined ? {} : { grandmaster: now.grandmaster })
  }
  return [...alarms, { isWarning: false, message: "clock state changed", annotations }]
}
