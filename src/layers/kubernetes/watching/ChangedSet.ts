/**
 * A watched set of objects, and how a LIST or the events of a watch change it. Pure, except for the span of a change.
 * It does not know what is watched.
 */
import { Effect, Option } from "effect"
import type { WatchedChange } from "../../../services/kubernetes/KubernetesApi.ts"
import type { KubernetesObject, ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import { isEndOfList, type ObjectEvent, type WatchEvent } from "./WatchLine.ts"

/** The state of a watch. */
export interface WatchProgress {
  /** The set as it was published last. */
  readonly objects: ReadonlyArray<KubernetesObject>
  /** The version from which to continue; undefined until a list is complete. */
  readonly resourceVersion: string | undefined
  /**
   * The objects that a streaming list has brought so far; undefined if there is none. They are published only at its
   * end, because half a list would look like deletions.
   */
  readonly list: ReadonlyArray<KubernetesObject> | undefined
}

/** What happened to the set, without the time and the span. */
type SetChange = Omit<WatchedChange, "span" | "receivedAtNanos">

/** The state after something, and the change if the set is different then. */
export type ProgressStep = readonly [WatchProgress, SetChange | undefined]

/** Receives a set that has changed. */
export type Publish = (
  objects: ReadonlyArray<KubernetesObject>,
  change: Omit<WatchedChange, "span">
) => Effect.Effect<void>

/** The state before the first LIST. */
export const unlisted: WatchProgress = { objects: [], resourceVersion: undefined, list: undefined }

/**
 * The state after a complete list. It is published even if it equals the last published set: the daemon writes one of
 * the watched kinds itself, and must learn that a newer object which it knows from its own write no longer exists.
 */
export const afterList = (
  progress: WatchProgress,
  listed: ReadonlyArray<KubernetesObject>,
  resourceVersion: string
): readonly [WatchProgress, SetChange] => {
  const known = new Map(progress.objects.map((object) => [object.metadata.name, object]))
  const objects = sortedByName(listed.map((object) => sameOf(known.get(object.metadata.name), object)))
  const change: SetChange = { type: "LISTED", name: "", generation: undefined, resourceVersion }
  return [{ objects, resourceVersion, list: undefined }, change]
}

/** An object that has not changed stays the same value, so that nobody has to look at it again. */
const sameOf = (known: KubernetesObject | undefined, object: KubernetesObject): KubernetesObject => {
  const isSame = known?.metadata.uid === object.metadata.uid && object.metadata.resourceVersion !== undefined &&
    known?.metadata.resourceVersion === object.metadata.resourceVersion
  return isSame && known !== undefined ? known : object
}

/** The state at the beginning of a streaming list. */
export const beginList = ({ objects }: WatchProgress): WatchProgress => ({ ...unlisted, objects, list: [] })

/** The state after an event, and the change if the set is different then. */
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

/** Before the bookmark that ends the list, nothing is published and no version is known. */
const afterListEvent = (
  progress: WatchProgress,
  list: ReadonlyArray<KubernetesObject>,
  event: WatchEvent
): ProgressStep => {
  if (event.type !== "BOOKMARK") return [{ ...progress, list: withEvent(list, event) }, undefined]
  if (!isEndOfList(event)) return [progress, undefined]
  return afterList(progress, list, event.object.metadata.resourceVersion)
}

/** Sorts objects by name in the order of code units, as in every published set. */
const sortedByName = (objects: ReadonlyArray<KubernetesObject>): ReadonlyArray<KubernetesObject> =>
  objects.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))

/** A replay may contain ADDED for a known object and DELETED for an unknown one. Both do no harm. */
const withEvent = (
  objects: ReadonlyArray<KubernetesObject>,
  event: ObjectEvent
): ReadonlyArray<KubernetesObject> => {
  const others = objects.filter((object) => object.metadata.name !== event.object.metadata.name)
  return event.type === "DELETED" ? others : [...others, event.object]
}

/**
 * In a traced watch, adds the root span of the change's trace. The span ends at once: what follows from the change
 * becomes its children, and trace back ends show them only below a parent that was exported.
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
