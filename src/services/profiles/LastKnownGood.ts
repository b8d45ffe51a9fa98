/**
 * The contract that keeps the last configuration that worked beyond the daemon's life, so that a node's clocks run
 * before the API server has answered: a wrong clock must not keep the clock wrong. Inputs are kept, not argv and
 * files: another version of the daemon or of linuxptp plans them anew.
 */
import { Context, type Effect, type Option, Schema } from "effect"
import { VersionMemory } from "./VersionMemory.ts"

/** What ran on this node with every process ready, and what is remembered of it. */
export const KnownGood = Schema.Struct({
  node: Schema.Struct({ name: Schema.String, labels: Schema.Record(Schema.String, Schema.String) }),
  /** `objects` are cut down to what runs here: its profiles and the entries that recommend them. */
  memory: VersionMemory
})
export type KnownGood = typeof KnownGood.Type

/** It could not be kept: the disk is full, read-only or gone. The one before is still there. */
export class LastKnownGoodError extends Schema.TaggedError<LastKnownGoodError>()("LastKnownGoodError", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `cannot keep the last configuration that worked in ${this.path}: ${this.detail}`
  }
}

export class LastKnownGood extends Context.Service<LastKnownGood, {
  /** What was saved last. `None` when nothing was, or when it can't be read, which is logged. */
  readonly load: Effect.Effect<Option.Option<KnownGood>>
  /** Replaces it as a whole, or fails and leaves the one before. */
  readonly save: (knownGood: KnownGood) => Effect.Effect<void, LastKnownGoodError>
}>()("linuxptp-daemon/services/profiles/LastKnownGood") {}
