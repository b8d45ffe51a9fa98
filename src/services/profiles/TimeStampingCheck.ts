/**
 * Checks whether the node's NICs have the time stamps that a profile needs. Such a profile is refused before a running
 * process is stopped for it; ptp4l itself would report this only when its predecessor is gone.
 */
import type { NetworkInterface } from "../devices/PtpDevice.ts"
import { planError, type PlanProblem } from "./PlanProblem.ts"
import type { ProfilePlan } from "./ProfilePlan.ts"

/** What is known about an interface. A guess must not be a reason to refuse a profile. */
export type KnownInterface = Pick<NetworkInterface, "name"> & Partial<NetworkInterface>

/** linuxptp config.c, timestamping_enu: the values that need hardware support. */
const hardwareModes: ReadonlySet<string> = new Set(["hardware", "onestep", "p2p1step"])

/** One problem for each known NIC of ptp4l without hardware time stamps, if the profile needs them. */
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
