/**
 * What ptp4l prints when an event at a port has changed its clock: linuxptp port.c, port_show_transition, and clock.c,
 * handle_state_decision_event. Order and levels are those of recorded logs.
 */
import { isAtLeast } from "../../../services/linuxptp/LinuxptpVersion.ts"
import { grandmasterIdentity, portName } from "./Dialect.ts"
import type { Ptp4l } from "./Ptp4lState.ts"
import type { Port, PortEvent } from "./SimulatedPort.ts"
import { info, type Message, notice, warning } from "./SimulatedProgram.ts"

/** The messages about `event` at `port`; `before` is the state before it. */
export const eventMessages = (before: Ptp4l, after: Ptp4l, port: Port, event: PortEvent): ReadonlyArray<Message> => {
  const name = portName(before.settings.version, port.number, port.nic)
  const transition = transitionMessages(name, port, after, event)
  switch (event) {
    case "INIT_COMPLETE":
      return [
        ...transition,
        ...(after.ports.some(({ state }) => state === "INITIALIZING") ? [] : socketMessages(after))
      ]
    case "LINK_UP":
      return [notice(`${name}: link up`), ...transition]
    case "NEW_FOREIGN_MASTER":
      return [notice(`${name}: new foreign master ${grandmasterIdentity}-1`)]
    case "RS_SLAVE":
      return [
        notice(`selected best master clock ${grandmasterIdentity}`),
        info("updating UTC offset to 37"),
        ...transition
      ]
    case "MASTER_CLOCK_SELECTED":
      return transition
    case "FAULT_DETECTED":
      return [notice(`${name}: link down`), ...transition, ...localBestMessages(before, after, name, true)]
    case "ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES":
      return [...transition, ...localBestMessages(before, after, name, false)]
  }
}

const transitionMessages = (name: string, port: Port, after: Ptp4l, event: PortEvent): ReadonlyArray<Message> => {
  const state = after.ports.find(({ number }) => number === port.number)?.state
  if (state === undefined || state === port.state) return []
  // A link that comes back initialises the port, and ptp4l prints that event instead.
  const cause = event === "LINK_UP" ? "INIT_COMPLETE" : event
  return [
    notice(`${name}: ${port.state} to ${state} on ${cause}${event === "FAULT_DETECTED" ? " (FT_UNSPECIFIED)" : ""}`)
  ]
}

/** Port 0 is the management socket. linuxptp 4.0 added a read-only one. */
const socketMessages = ({ settings }: Ptp4l): ReadonlyArray<Message> =>
  settings.sockets
    .slice(0, isAtLeast(settings.version, 4, 0) ? 2 : 1)
    .map((path) => notice(`${portName(settings.version, 0, path)}: INITIALIZING to LISTENING on INIT_COMPLETE`))

/**
 * Printed once, when the clock becomes its own best master. A client-only clock cannot take that role, and complains
 * after a fault.
 */
const localBestMessages = (before: Ptp4l, after: Ptp4l, name: string, faulty: boolean): ReadonlyArray<Message> => {
  const selected = before.best !== "local" && after.best === "local"
    ? [notice(`selected local clock ${after.identity} as best master`)]
    : []
  const role = notice(`${name}: assuming the grand master role`)
  if (after.settings.clientOnly) {
    return selected.length === 0 || !faulty ? selected : [
      ...selected,
      role,
      warning(`${name}: master state recommended in slave only mode`),
      warning(`${name}: defaultDS.priority1 probably misconfigured`)
    ]
  }
  return after.best === "local" && !faulty ? [...selected, role] : selected
}
