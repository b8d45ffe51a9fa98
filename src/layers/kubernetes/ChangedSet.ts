/**
 * A watched set and the change that made it. ListWatch publishes one for each LIST and each event.
 * Pure but for the change's time and span; what is watched and how is not known here.
 */
import { Clock, Effect, Option } from "effect"
import type { WatchedChange } from "../../services/kubernetes/KubernetesApi.ts"
import type { KubernetesObject, ResourceType } from "../../services/kubernetes/KubernetesObject.ts"
import type { ObjectEvent } from "./WatchLine.ts"

/** Objects sorted by name, in code units, as every set is published. */
export const sortedByName = (objects: ReadonlyArray<KubernetesObject>): ReadonlyArray<KubernetesObject> =>
  objects.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))

/** The set after an event. ADDED of a known object and DELETED of an unknown one, as a replay has them, are harmless. */
export const withEvent = (
  objects: ReadonlyArray<KubernetesObject>,
  event: ObjectEvent
): ReadonlyArray<KubernetesObject> => {
  const others = objects.filter((object) => object.metadata.name !== event.object.metadata.name)
  return event.type === "DELETED" ? others : sortedByName([...others, event.object])
}

/**
 * Describes a change: when it was read and, in a traced watch, the root span of its trace. The span ends at once:
 * what the change leads to are its children, and a trace back end shows them only under a parent that was exported.
 */
export const describeChange = Effect.fnUntraced(function*(
  { resource, traced }: { readonly resource: ResourceType; readonly traced: boolean },
  change: Pick<WatchedChange, "type" | "name" | "generation" | "resourceVersion">
): Effect.fn.Return<WatchedChange> {
  const receivedAtNanos = yield* Clock.monotonicTimeNanos
  if (!traced) return { ...change, receivedAtNanos, span: Option.none() }
  const { generation, name, resourceVersion } = change
  const attributes = { name, resourceVersion, ...(generation === undefined ? {} : { generation }) }
  const span = yield* Effect.useSpan(`${resource.kind} ${change.type}`, { root: true, attributes }, Effect.succeed)
  return { ...change, receivedAtNanos, span: Option.some(span) }
})
