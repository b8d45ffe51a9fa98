/** Which kinds the server serves at this moment: the built-in ones, and those of the stored definitions. */
import { Effect } from "effect"
import { builtInKinds, customResourceDefinitions } from "./BuiltInKinds.ts"
import { kindsOf } from "./CustomResourceDefinition.ts"
import type { JsonObject } from "./JsonTree.ts"
import { ObjectStore } from "./ObjectStore.ts"
import type { ServedKind } from "./ServedKind.ts"

// Stored definitions never change, so their kinds are computed once for each stored version.
const kindsOfDefinition = new WeakMap<JsonObject, ReadonlyArray<ServedKind>>()

const definedKinds = (definition: JsonObject): ReadonlyArray<ServedKind> => {
  const known = kindsOfDefinition.get(definition)
  if (known !== undefined) return known
  const kinds = kindsOf(definition)
  kindsOfDefinition.set(definition, kinds)
  return kinds
}

/** Every kind that is served now. */
export const servedKinds: Effect.Effect<ReadonlyArray<ServedKind>, never, ObjectStore> = Effect.gen(function*() {
  const store = yield* ObjectStore
  const definitions = yield* Effect.orDie(store.list(customResourceDefinitions))
  return [...builtInKinds, ...definitions.objects.flatMap(definedKinds)]
})
