/**
 * What happened between two statuses of a node, as events for people. Pure; the processes are given beside the
 * statuses, because deaths in a row are not published.
 */
import type { NodeEvent } from "../kubernetes/KubernetesApi.ts"
import type { NodePTPDevStatus } from "../kubernetes/NodePTPDev.ts"
import type { ProcessStatus } from "../processes/ProcessSupervisor.ts"
import { agreeAsFarAsLeft } from "./StatusSize.ts"

/** A process that died this often in a row is crash looping. */
const crashLoopDeaths = 3

/** The events that `next` tells after `previous`; `processes` are those that `next` was made from. */
export const eventsBetween = (
  previous: NodePTPDevStatus | undefined,
  next: NodePTPDevStatus,
  processes: ReadonlyArray<ProcessStatus>
): ReadonlyArray<Omit<NodeEvent, "regarding">> => [
  ...appliedEvents(previous, next),
  ...crashLoopEvents(previous, processes),
  ...clockEvents(previous, next)
]

const appliedOf = (status: NodePTPDevStatus | undefined) =>
  status?.conditions.find((condition) => condition.type === "Applied")

const appliedEvents = (previous: NodePTPDevStatus | undefined, next: NodePTPDevStatus) => {
  const before = appliedOf(previous)
  const now = appliedOf(next)
  // How much is left of a message depends on the size of the rest, which is no news. The whole text of what an earlier
  // daemon published is not known any more, so that what is left of both decides.
  if (now === undefined || (before?.reason === now.reason && agreeAsFarAsLeft(before.message, now.message))) return []
  if (now.reason === "Applied") return [{ type: "Normal", reason: "ProfileApplied", note: now.message } as const]
  return now.reason === "InvalidConfiguration" || now.reason === "RolledBack"
    ? [{ type: "Warning", reason: "ProfileRejected", note: now.message } as const]
    : []
}

const crashLoopEvents = (previous: NodePTPDevStatus | undefined, processes: ReadonlyArray<ProcessStatus>) =>
  processes.flatMap(({ configurationErrors, deaths, id, lastExit, restarts }) => {
    const before = previous?.processes.find((other) => other.id === id)?.restarts ?? 0
    return deaths >= crashLoopDeaths && before < restarts
      ? [
        {
          type: "Warning",
          reason: configurationErrors > 0 ? "ProfileRejected" : "ProcessCrashLoop",
          note: `${id} ${configurationErrors > 0 ? "does not start" : "keeps ending"}: ${
            lastExit ?? "for an unknown reason"
          }`
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
