/**
 * The verb watch: sends the changes that match a client's selection, with bookmarks and a time limit (Kubernetes API
 * concepts: "Efficient detection of changes", "Watch bookmarks", "Streaming lists").
 */
import { Clock, Duration, Effect, Random, Stream } from "effect"
import { type ApiRequest, isOn } from "./ApiRequest.ts"
import { resourceVersionTooLarge, statusObject } from "./ApiStatusError.ts"
import { errorLine, eventLine, type SelectedEvent } from "./EventLine.ts"
import { type JsonObject } from "./JsonTree.ts"
import { checkMatch, requestedVersion } from "./ListOptions.ts"
import { ObjectStore, type StoredEvent, type WatchStep } from "./ObjectStore.ts"
import { keyOfSelection, selectionOf } from "./ReadVerbs.ts"
import type { Predicate } from "./Selectors.ts"
import { storageType } from "./ServedKind.ts"
import { type Representation } from "./Tables.ts"

/** kube-apiserver's --min-request-timeout: a watch without a time limit of its own ends after 30 to 60 minutes. */
const minimumTimeout = Duration.minutes(30)

/**
 * The events of a watch as lines of JSON. If its version is forgotten, at the start or later, the watch ends with an
 * ERROR event. If its version is in the future, nothing is sent until the store has passed it, as with kube-apiserver's
 * cache; only streaming lists wait for that. The wall time for ages is read again for each event.
 */
export const watchObjects = Effect.fn("EmbeddedApiServer.watch")(
  function*(request: ApiRequest, as: Omit<Representation, "nowMillis">) {
    const { kind, query } = request
    const store = yield* ObjectStore
    const isSelected = yield* Effect.fromResult(selectionOf(request))
    const version = yield* Effect.fromResult(requestedVersion(query))
    yield* Effect.fromResult(checkMatch(query, "watch"))
    const timeout = yield* watchTimeout(query)
    const wantsBookmarks = isOn(query, "allowWatchBookmarks")
    const sendsPresent = query.has("sendInitialEvents") ? isOn(query, "sendInitialEvents") : version === undefined
    const only = keyOfSelection(request)
    const snapshot = yield* store.list(storageType(kind), undefined, only)
    if (sendsPresent && version !== undefined && version > snapshot.resourceVersion) {
      return Stream.make(errorLine(statusObject(resourceVersionTooLarge(version, snapshot.resourceVersion))))
    }
    const present = sendsPresent ? snapshot.objects.filter(isSelected).map((object) => ({ type: "ADDED", object })) : []
    const endOfPresent = sendsPresent && wantsBookmarks && isOn(query, "sendInitialEvents")
      ? [bookmark(snapshot.resourceVersion, { "k8s.io/initial-events-end": "true" })]
      : []
    const after = sendsPresent || version === undefined ? snapshot.resourceVersion : version
    const concerns = (event: StoredEvent): boolean => selectedEvent(event, isSelected).length > 0
    const live = store.watch(storageType(kind), { after, concerns, only, lastsFor: timeout }).pipe(
      Stream.flatMap((step) => Stream.fromIterable(selectedEvents(step, isSelected, wantsBookmarks)))
    )
    return Stream.fromIterable([...present, ...endOfPresent]).pipe(
      Stream.concat(live),
      Stream.zipWithIndex,
      Stream.mapEffect(([event, index]) =>
        Effect.map(Clock.currentTimeMillis, (nowMillis) => eventLine({ ...as, nowMillis }, event, index === 0))
      ),
      Stream.catch((error) => Stream.make(errorLine(statusObject(error)))),
      Stream.interruptWhen(Effect.sleep(timeout))
    )
  }
)

const watchTimeout = Effect.fnUntraced(function*(query: URLSearchParams) {
  const asked = Number(query.get("timeoutSeconds") ?? 0)
  if (asked > 0) return Duration.seconds(asked)
  return Duration.times(minimumTimeout, 1 + (yield* Random.next))
})

const selectedEvents = (
  step: WatchStep,
  isSelected: Predicate,
  wantsBookmarks: boolean
): ReadonlyArray<SelectedEvent> =>
  step.events.length === 0 && wantsBookmarks
    ? [bookmark(step.resourceVersion, {})]
    : step.events.flatMap((event) => selectedEvent(event, isSelected))

/** If a change moves an object into the selection or out of it, this client gets ADDED or DELETED. */
const selectedEvent = (event: StoredEvent, isSelected: Predicate): ReadonlyArray<SelectedEvent> => {
  const was = event.previous !== undefined && isSelected(event.previous)
  const is = event.type !== "DELETED" && isSelected(event.object)
  if (is) return [{ type: was ? "MODIFIED" : "ADDED", object: event.object }]
  return was ? [{ type: "DELETED", object: event.object }] : []
}

const bookmark = (version: number, annotations: JsonObject): SelectedEvent => ({
  type: "BOOKMARK",
  object: {
    metadata: {
      resourceVersion: String(version),
      creationTimestamp: null,
      ...(Object.keys(annotations).length === 0 ? {} : { annotations })
    }
  }
})
