/**
 * Whether the daemon lives and whether it is ready, with reasons for people. A node without a profile is ready;
 * a daemon that can't hear the API server is not.
 */
import { Context, type Effect } from "effect"

export class Health extends Context.Service<Health, {
  /** Why the daemon should be restarted; empty while it lives. */
  readonly stuck: Effect.Effect<ReadonlyArray<string>>
  /** Why the daemon is not ready; empty when it is. */
  readonly notReady: Effect.Effect<ReadonlyArray<string>>
}>()("linuxptp-daemon/services/Health") {}
