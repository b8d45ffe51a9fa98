/** What happened between two statuses of a node, as events for people; a pure function of both. */
import type { NodeEvent } from "./KubernetesApi.ts"
import type { NodePTPDevStatus } from "./NodePTPDev.ts"

/** A process that died this often without a longer life in between is crash looping. */
const crashLoopRestarts = 3

/** The events that `next` tells after `previous`; none of them when nothing was published before but losses. */
export const eventsBetween = (
  previous: NodePTPDevStatus | undefined,
  next: NodePTPDevStatus
): ReadonlyArray<Omit<NodeEvent, "regarding">> => [
  ...appliedEvents(previous, next),
  ...crashLoopEvents(previous, next),
  ...clockEvents(previous, next)
]

const appliedOf = (status: NodePTPDevStatus | undefined) =>
  status?.conditions.find((condition) => condition.type === "Applied")

const appliedEvents = (previous: NodePTPDevStatus | undefined, next: NodePTPDevStatus) => {
  const before = appliedOf(previous)
  const now = appliedOf(next)
  if (now === undefined || (before?.reason === now.reason && before.message === now.message)) return []
  if (now.reason === "Applied") return [{ type: "Normal", reason: "ProfileApplied", note: now.message } as const]
  return now.reason === "InvalidConfiguration"
    ? [{ type: "Warning", reason: "ProfileRejected", note: now.message } as const]
    : []
}

const crashLoopEvents = (previous: NodePTPDevStatus | undefined, next: NodePTPDevStatus) =>
  next.processes.flatMap((process) => {
    const before = previous?.processes.find((other) => other.id === process.id)?.restarts ?? 0
    return process.state === "BackOff" && process.restarts >= crashLoopRestarts && before < process.restarts
      ? [
        {
          type: "Warning",
          reason: "ProcessCrashLoop",
          note: `${process.id} keeps ending: ${process.lastExit ?? "for an unknown reason"}`
        } as const
      ]
      : []
  })

const clockEvents = (previous: NodePTPDevStatus | undefined, next: NodePTPDevStatus) => {
  const before = previous?.clock?.state
  const now = next.clock?.state
  if (now === "LOCKED" && before !== "LOCKED") {
    return [
      {
        type: "Normal",
        reason: "ClockLocked",
        note: `locked to grandmaster ${next.clock?.grandmaster ?? "of unknown identity"}`
      } as const
    ]
  }
  return before === "LOCKED" && now !== undefined && now !== "LOCKED"
    ? [{ type: "Warning", reason: "ClockLost", note: `the clock is in ${now}` } as const]
    : []
}
