/**
 * Which ptp4l a phc2sys for all of them leaves out. phc2sys waits for ever for one that does not answer, and it ends
 * when the clock of one is gone (linuxptp phc2sys.c, main and do_loop). The node's clock follows the others meanwhile.
 */
import type { NetworkInterface } from "../devices/PtpDevice.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import type { ProcessStatus } from "../processes/ProcessSupervisor.ts"

/** By the id of the ptp4l: it or its NICs are gone, or it keeps ending at its start. */
export type Unfollowed = ReadonlyMap<string, "Gone" | "Failing">

/** A ptp4l that dies once or twice is back before phc2sys would be. */
const manyDeaths = 3

/** The ptp4l to leave out, after statuses or interfaces have changed. `interfaces` is undefined while unknown. */
export const unfollowedClocks = (
  before: Unfollowed,
  processes: ReadonlyArray<ProcessSpec>,
  interfaces: ReadonlyArray<NetworkInterface> | undefined,
  statuses: ReadonlyArray<ProcessStatus>
): Unfollowed => {
  const next = new Map<string, "Gone" | "Failing">()
  for (const { id, interfaces: nics, program } of processes) {
    if (program !== "ptp4l") continue
    const why = whyUnfollowed(before.get(id), isGone(nics, interfaces), statuses.find((status) => status.id === id))
    if (why !== undefined) next.set(id, why)
  }
  return next
}

const isGone = (nics: ReadonlyArray<string>, interfaces: ReadonlyArray<NetworkInterface> | undefined): boolean =>
  interfaces !== undefined && !nics.some((nic) => interfaces.some(({ name }) => name === nic))

const whyUnfollowed = (
  before: "Gone" | "Failing" | undefined,
  isWithoutNic: boolean,
  status: ProcessStatus | undefined
): "Gone" | "Failing" | undefined => {
  // One that hangs reads nothing, and phc2sys would wait for room in its socket. It is killed soon.
  if (isWithoutNic || status?.isStalled === true) return "Gone"
  const isRunning = status?.state === "Running"
  // It has to become ready first, or phc2sys would wait for it.
  if (before === "Gone" && !isRunning) return "Gone"
  const deaths = status?.deaths ?? 0
  // One that becomes ready and dies again and again would restart phc2sys each time.
  return (before === "Failing" && deaths > 0) || (!isRunning && deaths >= manyDeaths) ? "Failing" : undefined
}
