/**
 * The contract to keep the last configuration that worked beyond the daemon's life. With it, a node's clocks run before
 * the API server has answered: a wrong clock may be the very reason why the API server cannot be reached. Profiles are
 * kept, not argv and files, because another version of the daemon or of linuxptp would plan them differently.
 */
import { Context, type Effect, type Option, Schema } from "effect"
import { VersionMemory } from "./VersionMemory.ts"

/** What ran on this node with every process ready, and what is remembered about it. */
export const KnownGood = Schema.Struct({
  node: Schema.Struct({ name: Schema.String, labels: Schema.Record(Schema.String, Schema.String) }),
  /** Of `objects` only what runs here is kept: its profiles, and the recommendations for them. */
  memory: VersionMemory
})
export type KnownGood = typeof KnownGood.Type

/** The configuration could not be saved: the disk is full, read-only or gone. The one before is still there. */
export class LastKnownGoodError extends Schema.TaggedError<LastKnownGoodError>()("LastKnownGoodError", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `cannot keep the last configuration that worked in ${this.path}: ${this.detail}`
  }
}

export class LastKnownGood extends Context.Service<LastKnownGood, {
  /**
   * The last saved configuration. `None` if there is none or if it cannot be read, which is logged. It waits as long as
   * the disk takes.
   */
  readonly load: Effect.Effect<Option.Option<KnownGood>>
  /** Replaces the saved configuration as a whole, or fails and keeps the one before. */
  readonly save: (knownGood: KnownGood) => Effect.Effect<void, LastKnownGoodError>
}>()("linuxptp-daemon/services/profiles/LastKnownGood") {}
