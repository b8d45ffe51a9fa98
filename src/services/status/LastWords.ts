/**
 * The status that a daemon leaves when it is stopped in order: it no longer knows anything about the clock, so it says
 * nothing that could be believed. Pure. Publication decides when it is written.
 */
import type { NodePTPDevStatus, PublishedDaemon } from "../kubernetes/NodePTPDev.ts"

const message = "the daemon of this node was stopped in order: nothing runs, and nothing is known about the clock"

/**
 * What `status` becomes when `daemon` stops at `now`. The devices stay, because they are the node's. The profiles go
 * with the processes: none of them runs any more.
 */
export const stoppedStatus = (status: NodePTPDevStatus, daemon: PublishedDaemon, now: string): NodePTPDevStatus => ({
  ptpDevices: status.ptpDevices.map(({ profile: _profile, ...device }) => device),
  profiles: [],
  processes: [],
  daemon: { ...daemon, stoppedAt: now },
  conditions: ["Applied", "Synchronized", "Degraded"].map((type) => {
    const before = status.conditions.find((condition) => condition.type === type)
    const lastTransitionTime = before?.status === "Unknown" ? before.lastTransitionTime : now
    return { type, status: "Unknown", reason: "DaemonStopped", message, lastTransitionTime }
  })
})

/** Whether the status of `writer` was written by another daemon than `own`: a successor, for instance. */
export const isOfAnother = (writer: PublishedDaemon | undefined, own: PublishedDaemon): boolean =>
  writer !== undefined && (writer.pod !== own.pod || writer.startedAt !== own.startedAt)
