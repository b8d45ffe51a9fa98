/**
 * Whether the node's NICs can stamp as a profile wants, so that what can't work is refused before a running process
 * is stopped for it: ptp4l itself would only say so when its predecessor is gone.
 */
import type { NetworkInterface } from "../devices/PtpDevice.ts"
import { planError, type PlanProblem } from "./PlanProblem.ts"
import type { ProfilePlan } from "./ProfilePlan.ts"

/** What is known of an interface; a guess must not refuse a profile. */
export type KnownInterface = Pick<NetworkInterface, "name"> & Partial<NetworkInterface>

/** linuxptp config.c, timestamping_enu: the values that need hardware. */
const hardwareModes: ReadonlySet<string> = new Set(["hardware", "onestep", "p2p1step"])

/** One row for each known NIC of ptp4l that has no hardware time stamps, if the profile wants them. */
export const timeStampingProblems = (
  { ptp4l }: ProfilePlan,
  interfaces: ReadonlyArray<KnownInterface>
): ReadonlyArray<PlanProblem> =>
  ptp4l === undefined || !hardwareModes.has(ptp4l.timeStamping)
    ? []
    : ptp4l.interfaces
      .filter((nic) => interfaces.some((known) => known.name === nic && lacksHardwareStamps(known)))
      .map((nic) => planError("", `${nic} has no hardware time stamps: choose another NIC, or -S (software stamps)`))

const lacksHardwareStamps = ({ hardwareTimestamping, isTold }: KnownInterface): boolean =>
  isTold === true && hardwareTimestamping === false
