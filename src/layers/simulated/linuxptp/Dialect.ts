/**
 * Words that differ between versions of linuxptp, and names of clocks that exist in the simulation only. The simulated
 * programs use it; services/linuxptp reads what real programs print.
 */
import { isAtLeast, type LinuxptpVersion } from "../../../services/linuxptp/LinuxptpVersion.ts"

/** `port 1 (ens1f0)`; before linuxptp 4.0 `port 1`. */
export const portName = (version: LinuxptpVersion, number: number, name: string): string =>
  isAtLeast(version, 4, 0) ? `port ${number} (${name})` : `port ${number}`

/** The name that phc2sys uses for the source of time. It differs from linuxptp 4.1 on, which added domains. */
export const sourceClockName = (version: LinuxptpVersion): string =>
  isAtLeast(version, 4, 1) ? "domain source clock" : "the master clock"

/** The grandmaster that every simulated network has. */
export const grandmasterIdentity = "507c6f.fffe.1fb1c0"

/** The time between its Announce messages in milliseconds. */
export const grandmasterAnnounceInterval = 500

/**
 * A clock identity in ptp4l's format, computed from the node and its first NIC (FNV-1a), so that it is the same at each
 * start.
 */
export const identityOf = (node: string, nic: string): string => {
  let hash = 0x811c9dc5
  for (const character of `${node}/${nic}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  const hex = hash.toString(16).padStart(8, "0")
  return `b4965${hex.slice(0, 1)}.fffe.${hex.slice(2)}`
}
