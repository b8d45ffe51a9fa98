/**
 * A watched set and the change that made it: how LIST and the events of a watch make one set of another.
 * Pure but for the change's span; what is watched and how is not known here.
 */
import { Effect, Option } from "effect"
import type { WatchedChange } from "../../../services/kubernetes/KubernetesApi.ts"
import type { KubernetesObject, ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import { isEndOfList, type ObjectEvent, type WatchEvent } from "./WatchLine.ts"

/** How far a watch has come. */
export interface WatchProgress {
  /** As last published. */
  readonly objects: ReadonlyArray<KubernetesObject>
  /** Where to go on; undefined until a list is complete. */
  readonly resourceVersion: string | undefined
  /**
   * The objects that a streaming list has brought so far; undefined when none is under way. They are published at its end
   * only: half a list would look like deletions.
   */
  readonly list: ReadonlyArray<KubernetesObject> | undefined
}

/** What happened to the set, without when and under which span. */
type SetChange = Omit<WatchedChange, "span" | "receivedAtNanos">

/** The progress after something, and the change if the set is another one then. */
export type ProgressStep = readonly [WatchProgress, SetChange | undefined]

/** Takes a set that is another one now. */
export type Publish = (
  objects: ReadonlyArray<KubernetesObject>,
  change: Omit<WatchedChange, "span">
) => Effect.Effect<void>

/** Before the first LIST. */
export const unlisted: WatchProgress = { objects: [], resourceVersion: undefined, list: undefined }

/**
 * The progress after a complete list. It is told even when it is the set that was told last: who writes the objects
 * may know something newer than that, which is gone again.
 */
export const afterList = (
  progress: WatchProgress,
  listed: ReadonlyArray<KubernetesObject>,
  resourceVersion: string
): readonly [WatchProgress, SetChange] => {
  const objects = sortedByName(listed.map((object) => sameOf(progress, object)))
  const change: SetChange = { type: "LISTED", name: "", generation: undefined, resourceVersion }
  return [{ objects, resourceVersion, list: undefined }, change]
}

/** What did not change stays the same value, so that nobody looks at it again. */
const sameOf = ({ objects }: WatchProgress, object: KubernetesObject): KubernetesObject => {
  const known = objects.find(({ metadata: { name } }) => name === object.metadata.name)
  const isSame = known?.metadata.uid === object.metadata.uid && object.metadata.resourceVersion !== undefined &&
    known?.metadata.resourceVersion === object.metadata.resourceVersion
  return isSame && known !== undefined ? known : object
}

/** The progress at the beginning of a streaming list. */
export const beginList = ({ objects }: WatchProgress): WatchProgress => ({ ...unlisted, objects, list: [] })

/** The progress after an event, and the change if the set is another one now. */
export const afterEvent = (progress: WatchProgress, event: WatchEvent): ProgressStep => {
  const { list, objects } = progress
  if (list !== undefined) return afterListEvent(progress, list, event)
  const resourceVersion = event.object.metadata.resourceVersion ?? progress.resourceVersion ?? ""
  if (event.type === "BOOKMARK") return [{ ...progress, resourceVersion }, undefined]
  const { generation, name } = event.object.metadata
  return [
    { ...progress, objects: sortedByName(withEvent(objects, event)), resourceVersion },
    { type: event.type, name, generation, resourceVersion }
  ]
}

/** Nothing is published, and no version is known, before the bookmark that ends the list. */
const afterListEvent = (
  progress: WatchProgress,
  list: ReadonlyArray<KubernetesObject>,
  event: WatchEvent
): ProgressStep => {
  if (event.type !== "BOOKMARK") return [{ ...progress, list: withEvent(list, event) }, undefined]
  if (!isEndOfList(event)) return [progress, undefined]
  return afterList(progress, list, event.object.metadata.resourceVersion)
}

/** Objects sorted by name, in code units, as every set is published. */
const sortedByName = (objects: ReadonlyArray<KubernetesObject>): ReadonlyArray<KubernetesObject> =>
  objects.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))

/** ADDED of a known object and DELETED of an unknown one, as a replay has them, are harmless. */
const withEvent = (
  objects: ReadonlyArray<KubernetesObject>,
  event: ObjectEvent
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
