/** LastKnownGood that ends with the process: for demo nodes, which have no disk of their own, and for tests. */
import { Effect, Layer, Option, Ref } from "effect"
import { type KnownGood, LastKnownGood } from "../../../services/profiles/LastKnownGood.ts"

/** Has `initial` at first. */
export const layer = (initial: Option.Option<KnownGood> = Option.none()): Layer.Layer<LastKnownGood> =>
  Layer.effect(LastKnownGood)(Effect.gen(function*() {
    const saved = yield* Ref.make(initial)
    return { load: Ref.get(saved), save: (knownGood) => Ref.set(saved, Option.some(knownGood)) }
  }))
