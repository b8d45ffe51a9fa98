/**
 * The events for people that follow from the difference of two statuses of a node. Pure. The processes are given in
 * addition, because deaths in a row are not part of a status.
 */
import type { NodeEvent } from "../kubernetes/KubernetesApi.ts"
import type { NodePTPDevStatus } from "../kubernetes/NodePTPDev.ts"
import type { ProcessStatus } from "../processes/ProcessSupervisor.ts"
import { agreeAsFarAsLeft } from "./StatusSize.ts"

/** A process is in a crash loop after this many deaths in a row. */
const crashLoopDeaths = 3

/** The events for the change from `previous` to `next`; `processes` are those from which `next` was made. */
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
  // How far a message is shortened depends on the size of the rest, and that is no news. The full text that an earlier
  // daemon published is unknown, so only the common part of both texts is compared.
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
