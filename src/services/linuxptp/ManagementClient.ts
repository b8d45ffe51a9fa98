/**
 * The contract that asks a running ptp4l what it is, by PTP management messages on its UNIX socket (IEEE 1588 clause
 * 15, linuxptp pmc). It only reads; nothing is ever set.
 */
import { Context, type Effect, type Option } from "effect"
import type { ManagementSocket } from "../processes/ProcessSpec.ts"
import type { PortState } from "./PortState.ts"

/** What a ptp4l says of itself. */
export interface ManagementAnswer {
  /** PORT_DATA_SET of each port, by its number from 1; the management port itself is not among them. */
  readonly ports: ReadonlyArray<{ readonly number: number; readonly state: PortState }>
  /** `grandmasterClockQuality.clockClass` of PARENT_DATA_SET; undefined when it was not told in time. */
  readonly clockClass: number | undefined
}

export class ManagementClient extends Context.Service<ManagementClient, {
  /**
   * False when this program can't ask at all, for want of native calls. `ask` gives `None` then, and that says nothing
   * of any ptp4l.
   */
  readonly isAvailable: boolean
  /**
   * Asks once. `None`: nobody answered within a second, or the socket is no longer the one that first answered there:
   * another ptp4l has taken the path. Never fails, never blocks the event loop.
   */
  readonly ask: (socket: ManagementSocket) => Effect.Effect<Option.Option<ManagementAnswer>>
}>()("linuxptp-daemon/services/linuxptp/ManagementClient") {}
