/**
 * The contract to know the state of a running ptp4l, by PTP management messages on its UNIX socket (IEEE 1588 clause
 * 15, as linuxptp's pmc does). It only reads; it never changes a setting.
 */
import { Context, type Effect, type Option } from "effect"
import type { ManagementSocket } from "../processes/ProcessSpec.ts"
import type { PortState } from "./PortState.ts"

/** What a ptp4l has told. Whatever is absent was not told this time. */
export interface ManagementAnswer {
  /** PORT_DATA_SET of each port that answered, by its number from 1. The management port is not included. */
  readonly ports: ReadonlyArray<{ readonly number: number; readonly state: PortState }>
  /** `grandmasterClockQuality.clockClass` of PARENT_DATA_SET; undefined if it did not arrive in time. */
  readonly clockClass: number | undefined
  /** The grandmaster as linuxptp prints it, `507c6f.fffe.1fb1c0`; its identity is undefined if that is the local clock. */
  readonly grandmaster?: { readonly identity: string | undefined }
  /** TIME_STATUS_NP: the last sample of the servo, whose `ingressTime` says whether it is a new one. */
  readonly sample?: { readonly offsetNs: number; readonly ingressTime: bigint }
  /** CURRENT_DATA_SET. */
  readonly current?: { readonly stepsRemoved: number; readonly pathDelayNs: number }
}

/** What is heard from a ptp4l that is followed. Times are monotonic nanoseconds. */
export type ManagementNews =
  | { readonly kind: "told"; readonly answer: ManagementAnswer; readonly heardAt: bigint }
  /** Nobody has answered a question that was asked at this time, nor one after it. */
  | { readonly kind: "silent"; readonly askedAt: bigint }

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
  /**
   * Tells what is heard from the ptp4l that holds the socket, until it is interrupted: changes of its ports and
   * grandmaster at once, its samples at least once a second while a port follows, everything every 5 s. `tell` is called
   * synchronously, because that costs a tenth of a queue. Never fails. Says nothing where nobody can be asked.
   */
  readonly follow: (socket: ManagementSocket, tell: (news: ManagementNews) => void) => Effect.Effect<never>
}>()("linuxptp-daemon/services/linuxptp/ManagementClient") {}
