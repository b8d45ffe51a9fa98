/**
 * One port of the simulated ptp4l as a state machine after linuxptp fsm.c: what a port sees causes an event, and the
 * event leads to the next state. SimulatedPtp4l uses it and turns the events into log lines.
 */
import type { SimulatedPortState } from "./SimulatedProgram.ts"

/**
 * The events of linuxptp fsm.h, enum fsm_event, with the names that ptp4l prints, and two events that change no state.
 */
export type PortEvent =
  | "INIT_COMPLETE"
  | "FAULT_DETECTED"
  | "ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES"
  | "RS_SLAVE"
  | "MASTER_CLOCK_SELECTED"
  | "LINK_UP"
  | "NEW_FOREIGN_MASTER"

/** A port and what it remembers. */
export interface Port {
  /** Numbered from 1. */
  readonly number: number
  readonly nic: string
  readonly state: SimulatedPortState
  /** The time in milliseconds since which no Announce has come; undefined while they come. */
  readonly silentSince: number | undefined
  /**
   * The time in milliseconds at which further Announce messages make the foreign master eligible; undefined before the
   * first one.
   */
  readonly qualifiedAt: number | undefined
}

/** What a port notices. */
export interface PortSight {
  readonly linkUp: boolean
  /** Announce messages of a better clock arrive, and this port may follow them. */
  readonly hearsMaster: boolean
}

/** All times are in milliseconds. */
export interface PortTiming {
  /** Setting up raw socket, address and delay request. Recorded logs show 40 to 50 ms. */
  readonly initialisation: number
  /** Two more Announce messages after the first one: linuxptp foreign.h, FOREIGN_MASTER_THRESHOLD. */
  readonly qualification: number
  /** Announce interval times announceReceiptTimeout. */
  readonly announceTimeout: number
}

/** A port before its initialisation; `index` counts from 0. */
export const newPort = (nic: string, index: number, now: number): Port => ({
  number: index + 1,
  nic,
  state: "INITIALIZING",
  silentSince: now,
  qualifiedAt: undefined
})

/** Updates what the port remembers of Announce messages. It never changes the port's state. */
export const look = (port: Port, sight: PortSight, now: number): Port => {
  if (port.state === "INITIALIZING" || port.state === "FAULTY") {
    return { ...port, silentSince: now, qualifiedAt: undefined }
  }
  return sight.hearsMaster
    ? { ...port, silentSince: undefined }
    : { ...port, silentSince: port.silentSince ?? now, qualifiedAt: undefined }
}

/** The event that is due, if any. MASTER_CLOCK_SELECTED comes from the servo instead. */
export const dueEvent = (
  port: Port,
  sight: PortSight,
  timing: PortTiming,
  startedAt: number,
  now: number
): PortEvent | undefined => {
  switch (port.state) {
    case "INITIALIZING":
      return now >= startedAt + timing.initialisation ? "INIT_COMPLETE" : undefined
    case "FAULTY":
      return sight.linkUp ? "LINK_UP" : undefined
    case "LISTENING":
    case "MASTER":
      if (!sight.linkUp) return "FAULT_DETECTED"
      if (sight.hearsMaster && port.qualifiedAt === undefined) return "NEW_FOREIGN_MASTER"
      if (sight.hearsMaster && port.qualifiedAt !== undefined && now >= port.qualifiedAt) return "RS_SLAVE"
      return port.state === "LISTENING" ? timeout(port, timing, now) : undefined
    case "UNCALIBRATED":
    case "SLAVE":
      return sight.linkUp ? timeout(port, timing, now) : "FAULT_DETECTED"
  }
}

const timeout = (port: Port, timing: PortTiming, now: number): PortEvent | undefined =>
  port.silentSince !== undefined && now >= port.silentSince + timing.announceTimeout
    ? "ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES"
    : undefined

/** The state after an event. A client-only clock listens where others become master: linuxptp fsm.c, ptp_slave_fsm. */
export const react = (port: Port, event: PortEvent, clientOnly: boolean, timing: PortTiming, now: number): Port => {
  switch (event) {
    case "INIT_COMPLETE":
    case "LINK_UP":
      return { ...port, state: "LISTENING", silentSince: now }
    case "FAULT_DETECTED":
      return { ...port, state: "FAULTY" }
    case "NEW_FOREIGN_MASTER":
      return { ...port, qualifiedAt: now + timing.qualification }
    case "RS_SLAVE":
      return { ...port, state: "UNCALIBRATED" }
    case "MASTER_CLOCK_SELECTED":
      return { ...port, state: "SLAVE" }
    case "ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES":
      return { ...port, state: clientOnly ? "LISTENING" : "MASTER", silentSince: now, qualifiedAt: undefined }
  }
}

/** When this port will do something by itself; infinity if only the network can cause its next change. */
export const nextDue = (port: Port, timing: PortTiming, startedAt: number): number => {
  switch (port.state) {
    case "INITIALIZING":
      return startedAt + timing.initialisation
    case "LISTENING":
      return Math.min(port.qualifiedAt ?? Infinity, (port.silentSince ?? Infinity) + timing.announceTimeout)
    case "MASTER":
      return port.qualifiedAt ?? Infinity
    case "UNCALIBRATED":
    case "SLAVE":
      return (port.silentSince ?? Infinity) + timing.announceTimeout
    case "FAULTY":
      return Infinity
  }
}
