/**
 * A watched set and the change that made it: how LIST and the events of a watch make one set of another.
 * Pure but for the change's span; what is watched and how is not known here.
 */
import { Effect, Option } from "effect"
import type { WatchedChange } from "../../services/kubernetes/KubernetesApi.ts"
import type { KubernetesObject, ResourceType } from "../../services/kubernetes/KubernetesObject.ts"
import { isEndOfList, type WatchEvent } from "./WatchLine.ts"
import type { WatchReach } from "./WatchPolicy.ts"

/** How far a watch has come. */
export interface WatchProgress {
  /** As last published. */
  readonly objects: ReadonlyArray<KubernetesObject>
  /** Where to go on; undefined until a list is complete. */
  readonly reach: WatchReach | undefined
  /** What a streaming list has brought so far: half a list would look like deletions. */
  readonly listed: ReadonlyArray<KubernetesObject> | undefined
}

/** What happened to the set, without when and under which span. */
type SetChange = Omit<WatchedChange, "span" | "receivedAtNanos">

/** Takes a set that is another one now. */
export type Publish = (
  objects: ReadonlyArray<KubernetesObject>,
  change: Omit<WatchedChange, "span">
) => Effect.Effect<void>

/** Before the first LIST. */
export const unlisted: WatchProgress = {
  objects: [],
  reach: undefined,
  listed: undefined
}

/** The progress after a complete list. */
export const afterList = (
  objects: ReadonlyArray<KubernetesObject>,
  resourceVersion: string
): readonly [WatchProgress, SetChange] => [
  { objects: sortedByName(objects), reach: reachOf(resourceVersion), listed: undefined },
  { type: "LISTED", name: "", generation: undefined, resourceVersion }
]

/** The progress at the beginning of a streaming list. */
export const beginList = ({ objects }: WatchProgress): WatchProgress => ({ ...unlisted, objects, listed: [] })

/** The progress after an event, and the change if the set is another one now. */
export const afterEvent = (
  progress: WatchProgress,
  event: WatchEvent
): readonly [WatchProgress, SetChange | undefined] => {
  const { listed, objects, reach } = progress
  if (listed !== undefined) {
    if (event.type !== "BOOKMARK") return [{ ...progress, listed: withEvent(listed, event) }, undefined]
    return isEndOfList(event) ? afterList(listed, event.object.metadata.resourceVersion) : [progress, undefined]
  }
  const resourceVersion = event.object.metadata.resourceVersion ?? reach?.resourceVersion ?? ""
  if (event.type === "BOOKMARK") {
    if (resourceVersion === reach?.resourceVersion) return [progress, undefined]
    const versionBefore = reach?.resourceVersion ?? resourceVersion
    return [{ ...progress, reach: { resourceVersion, versionBefore } }, undefined]
  }
  const { generation, name } = event.object.metadata
  return [
    { objects: sortedByName(withEvent(objects, event)), reach: reachOf(resourceVersion), listed },
    { type: event.type, name, generation, resourceVersion }
  ]
}

/** Something happened at this version. */
const reachOf = (resourceVersion: string): WatchReach => ({ resourceVersion, versionBefore: resourceVersion })

/** Objects sorted by name, in code units, as every set is published. */
const sortedByName = (objects: ReadonlyArray<KubernetesObject>): ReadonlyArray<KubernetesObject> =>
  objects.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))

/** ADDED of a known object and DELETED of an unknown one, as a replay has them, are harmless. */
const withEvent = (
  objects: ReadonlyArray<KubernetesObject>,
  event: Exclude<WatchEvent, { readonly type: "BOOKMARK" }>
): ReadonlyArray<KubernetesObject> => {
  const others = objects.filter((object) => object.metadata.name !== event.object.metadata.name)
  return event.type === "DELETED" ? others : [...others, event.object]
}

/**
 * Adds, in a traced watch, the root span of the change's trace. The span ends at once: what the change leads to are its
 * children, and a trace back end shows them only under a parent that was exported.
 */
export const withSpan = Effect.fnUntraced(function*(
  { resource, traced }: { readonly resource: ResourceType; readonly traced: boolean },
  change: Omit<WatchedChange, "span">
): Effect.fn.Return<WatchedChange> {
  if (!traced) return { ...change, span: Option.none() }
  const { generation, name, resourceVersion } = change
  const attributes = { name, resourceVersion, ...(generation === undefined ? {} : { generation }) }
  const span = yield* Effect.useSpan(`${resource.kind} ${change.type}`, { root: true, attributes }, Effect.succeed)
  return { ...change, span: Option.some(span) }
})
