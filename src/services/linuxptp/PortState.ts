/**
 * The states of a PTP port as ptp4l prints them. The reader of log lines, the readiness of processes and the clock's
 * state use them.
 */

/** linuxptp fsm.h, enum port_state; IEEE 1588-2019 table 20. */
export const portStates = [
  "INITIALIZING",
  "FAULTY",
  "DISABLED",
  "LISTENING",
  "PRE_MASTER",
  "MASTER",
  "PASSIVE",
  "UNCALIBRATED",
  "SLAVE",
  "GRAND_MASTER"
] as const

/** One of the ten states of a PTP port. */
export type PortState = typeof portStates[number]

const known: ReadonlySet<string> = new Set(portStates)

/** True if the text is a port state in ptp4l's spelling. */
export const isPortState = (text: string): text is PortState => known.has(text)

/** True while the port takes part in PTP: it is not initializing, faulty or disabled. */
export const isOperational = (state: PortState): boolean =>
  state !== "INITIALIZING" && state !== "FAULTY" && state !== "DISABLED"

/** True while the port measures its offset from a master, whether it is locked or not yet. */
export const followsMaster = (state: PortState): boolean => state === "SLAVE" || state === "UNCALIBRATED"

/** True while the port gives time to others. */
export const servesTime = (state: PortState): boolean => state === "MASTER" || state === "GRAND_MASTER"

/**
 * The value of the metric `interface_role`, with the numbers of the Go daemon. States that have no number there are 4,
 * unknown.
 */
export const interfaceRole = (state: PortState): number => {
  switch (state) {
    case "PASSIVE":
      return 0
    case "SLAVE":
      return 1
    case "MASTER":
    case "GRAND_MASTER":
      return 2
    case "FAULTY":
      return 3
    case "LISTENING":
      return 5
    default:
      return 4
  }
}
