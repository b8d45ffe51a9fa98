/**
 * LastKnownGood in memory, which is lost with the process: for the demo's nodes, which have no disk of their own, and
 * for tests.
 */
import { Effect, Layer, Option, Ref } from "effect"
import { type KnownGood, LastKnownGood } from "../../../services/profiles/LastKnownGood.ts"

/** Contains `initial` at first. */
export const layer = (initial: Option.Option<KnownGood> = Option.none()): Layer.Layer<LastKnownGood> =>
  Layer.effect(LastKnownGood)(Effect.gen(function*() {
    const saved = yield* Ref.make(initial)
    return { load: Ref.get(saved), save: (knownGood) => Ref.set(saved, Option.some(knownGood)) }
  }))
