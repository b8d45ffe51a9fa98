/**
 * Where the words of linuxptp's versions differ, and the names of clocks that only exist in the simulation.
 * Used by the simulated programs; what real programs print is read by services/linuxptp.
 */
import { isAtLeast, type LinuxptpVersion } from "../../../services/linuxptp/LinuxptpVersion.ts"

/** `port 1 (ens1f0)`; before linuxptp 4.0 `port 1`. */
export const portName = (version: LinuxptpVersion, number: number, name: string): string =>
  isAtLeast(version, 4, 0) ? `port ${number} (${name})` : `port ${number}`

/** What phc2sys calls the clock that it takes the time from; linuxptp 4.1 brought domains. */
export const sourceClockName = (version: LinuxptpVersion): string =>
  isAtLeast(version, 4, 1) ? "domain source clock" : "the master clock"

/** The grandmaster that every simulated network has. */
export const grandmasterIdentity = "507c6f.fffe.1fb1c0"

/** Time between its Announce messages, in milliseconds. */
export const grandmasterAnnounceInterval = 500

/** A clock identity as ptp4l prints it, made up from the node and its first NIC (FNV-1a), the same at each start. */
export const identityOf = (node: string, nic: string): string => {
  let hash = 0x811c9dc5
  for (const character of `${node}/${nic}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  const hex = hash.toString(16).padStart(8, "0")
  return `b4965${hex.slice(0, 1)}.fffe.${hex.slice(2)}`
}
