/**
 * Whether the daemon is alive and whether it is ready, with reasons for people. A node without a profile is ready. A
 * daemon that hears nothing from the API server is not.
 */
import { Context, type Effect } from "effect"

export class Health extends Context.Service<Health, {
  /** Reasons to restart the daemon; empty if it is alive. */
  readonly stuck: Effect.Effect<ReadonlyArray<string>>
  /** Reasons why the daemon is not ready; empty if it is. */
  readonly notReady: Effect.Effect<ReadonlyArray<string>>
}>()("linuxptp-daemon/services/Health") {}
