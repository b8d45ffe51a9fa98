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
  /** What a streaming list has brought so far: half a list would look like deletions. Undefined when there is none. */
  readonly list: StreamedList | undefined
  /**
   * The objects of what was taken for a plain watch and may yet turn out to be a streaming list that paused. Undefined
   * once it is certain.
   */
  readonly paused: ReadonlyArray<KubernetesObject> | undefined
}

interface StreamedList {
  readonly events: ReadonlyArray<ObjectEvent>
  /** The version that it was asked for, empty for the newest there is. */
  readonly from: string
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
export const unlisted: WatchProgress = {
  objects: [],
  resourceVersion: undefined,
  list: undefined,
  paused: undefined
}

/**
 * The progress after a complete list. It is told even when it is the set that was told last: who writes the objects
 * may know something newer than that, which is gone again.
 */
export const afterList = (
  progress: WatchProgress,
  listed: ReadonlyArray<KubernetesObject>,
  resourceVersion: string
): ProgressStep => {
  const objects = sortedByName(listed.map((object) => sameOf(progress, object)))
  const next = { objects, resourceVersion, list: undefined, paused: undefined }
  return [next, { type: "LISTED", name: "", generation: undefined, resourceVersion }]
}

/** What did not change stays the same value, so that nobody looks at it again. */
const sameOf = ({ objects }: WatchProgress, object: KubernetesObject): KubernetesObject => {
  const known = objects.find(({ metadata: { name } }) => name === object.metadata.name)
  const isSame = known?.metadata.uid === object.metadata.uid && object.metadata.resourceVersion !== undefined &&
    known?.metadata.resourceVersion === object.metadata.resourceVersion
  return isSame && known !== undefined ? known : object
}

/** The progress at the beginning of a streaming list. */
export const beginList = ({ objects }: WatchProgress, from: string): WatchProgress => ({
  ...unlisted,
  objects,
  list: { events: [], from }
})

/** True while there is a list under way that is nothing without its end. */
export const isEndlessList = ({ list }: WatchProgress): boolean => list?.from === ""

/** The progress when what a list has brought so far is taken for the events of a plain watch from its version. */
export const asPlainWatch = (progress: WatchProgress): ProgressStep => {
  const { list } = progress
  if (list === undefined) return [progress, undefined]
  const begun: ProgressStep = [
    { ...progress, resourceVersion: list.from, list: undefined, paused: noObjects },
    undefined
  ]
  return list.events.reduce(([known, earlier], event): ProgressStep => {
    const [next, change] = afterEvent(known, event)
    return [next, change ?? earlier]
  }, begun)
}

/** The progress after an event, and the change if the set is another one now. */
export const afterEvent = (progress: WatchProgress, event: WatchEvent): ProgressStep => {
  const { list, objects, paused } = progress
  if (list !== undefined) {
    if (event.type !== "BOOKMARK") {
      return [{ ...progress, list: { ...list, events: [...list.events, event] } }, undefined]
    }
    if (!isEndOfList(event)) return [progress, undefined]
    return afterList(progress, list.events.reduce(withEvent, noObjects), event.object.metadata.resourceVersion)
  }
  if (paused !== undefined && (event.type !== "BOOKMARK" || isEndOfList(event))) {
    return afterPaused(progress, paused, event)
  }
  const resourceVersion = event.object.metadata.resourceVersion ?? progress.resourceVersion ?? ""
  if (event.type === "BOOKMARK") return [{ ...progress, resourceVersion, paused: undefined }, undefined]
  const { generation, name } = event.object.metadata
  return [
    { ...progress, objects: sortedByName(withEvent(objects, event)), resourceVersion },
    { type: event.type, name, generation, resourceVersion }
  ]
}

/**
 * The progress while both may be true. A list that paused says so by its end, and only that tells of deletions; until
 * then the version stays where it was, because an object of the list may be newer than a deletion. A plain watch says
 * so by an ordinary bookmark, which comes in no list: all that was before it had come then.
 */
const afterPaused = (
  progress: WatchProgress,
  paused: ReadonlyArray<KubernetesObject>,
  event: WatchEvent
): ProgressStep => {
  if (event.type === "BOOKMARK") return afterList(progress, paused, event.object.metadata.resourceVersion)
  const { generation, name, resourceVersion = "" } = event.object.metadata
  return [
    { ...progress, objects: sortedByName(withEvent(progress.objects, event)), paused: withEvent(paused, event) },
    { type: event.type, name, generation, resourceVersion }
  ]
}

const noObjects: ReadonlyArray<KubernetesObject> = []

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
