/**
 * The contract to ask a running ptp4l for its state, by PTP management messages on its UNIX socket (IEEE 1588 clause
 * 15, as linuxptp's pmc does). It only reads; it never changes a setting.
 */
import { Context, type Effect, type Option } from "effect"
import type { ManagementSocket } from "../processes/ProcessSpec.ts"
import type { PortState } from "./PortState.ts"

/** The answer of a ptp4l. */
export interface ManagementAnswer {
  /** PORT_DATA_SET of each port, by its number from 1. The management port is not included. */
  readonly ports: ReadonlyArray<{ readonly number: number; readonly state: PortState }>
  /** `grandmasterClockQuality.clockClass` of PARENT_DATA_SET; undefined if it did not arrive in time. */
  readonly clockClass: number | undefined
}

export class ManagementClient extends Context.Service<ManagementClient, {
  /**
   * False when this program cannot ask at all because native calls are missing. Then `ask` always gives `None`, which
   * says nothing about a ptp4l.
   */
  readonly isAvailable: boolean
  /**
   * Asks once. `None`: nobody answered within a second, or another ptp4l has taken the path of the socket since the
   * first answer. Never fails, and never blocks the event loop.
   */
  readonly ask: (socket: ManagementSocket) => Effect.Effect<Option.Option<ManagementAnswer>>
  /**
   * True if there is a socket at the path, and it is not known to be another than the one that answered first. Only the
   * silence of such a socket says something about its ptp4l.
   */
  readonly isReachable: (socket: ManagementSocket) => Effect.Effect<boolean>
}>()("linuxptp-daemon/services/linuxptp/ManagementClient") {}
