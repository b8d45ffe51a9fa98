/**
 * Writes `events.k8s.io/v1` events in the background, so that a slow API never holds up who records one.
 * HttpKubernetesApi owns one. Events are a courtesy to `kubectl describe`: a failure is logged and forgotten.
 */
import { Clock, DateTime, Effect, Queue, Random, Ref } from "effect"
import type { NodeEvent } from "../../services/kubernetes/KubernetesApi.ts"
import type { ResourceType } from "../../services/kubernetes/KubernetesObject.ts"
import type { ApiConnection, ApiRequest } from "./ApiConnection.ts"
import { emptyHistory, recordInHistory, withoutSeries } from "./EventSeries.ts"
import { apiVersionOf, collectionPath, objectPath } from "./ResourcePath.ts"

const events: ResourceType = {
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true
}

/** Who reports: the names on each event. `regarding` is the kind that events are about, `namespace` its default. */
export interface EventSource {
  readonly component: string
  readonly nodeName: string
  readonly namespace: string
  readonly regarding: ResourceType
}

interface Recorded {
  readonly event: NodeEvent
  readonly at: DateTime.Utc
}

const mostWaiting = 64
// Kubernetes' own limits (pkg/apis/core/validation/events.go): bytes of the note and the instance; names have 253.
const longestNoteBytes = 1_024
const longestInstance = 128
const longestNamePrefix = 240

/** Starts the writer for as long as the scope lives and returns how an event is handed to it, which never waits. */
export const makeEventRecorder = Effect.fnUntraced(function*(connection: ApiConnection, source: EventSource) {
  // A burst beyond the limit is what the token bucket would drop anyway.
  const waiting = yield* Queue.dropping<Recorded>(mostWaiting)
  const history = yield* Ref.make(emptyHistory)

  const write = Effect.fnUntraced(
    function*(recorded: Recorded, key: string) {
      const nowMillis = Number((yield* Clock.monotonicTimeNanos) / 1_000_000n)
      const eventName = yield* newEventName(recorded.event)
      const step = yield* Ref.modify(history, (known) => recordInHistory(known, { key, eventName }, nowMillis))
      if (step._tag === "Create") yield* connection.text(createRequest(source, recorded, eventName))
      if (step._tag === "Count") yield* connection.text(countRequest(source, recorded, step))
      if (step._tag === "Drop") yield* Effect.logDebug("event dropped: too many")
    },
    (effect, { event }, key) =>
      effect.pipe(
        Effect.catch((error) =>
          Effect.andThen(
            Ref.update(history, (known) => withoutSeries(known, key)),
            Effect.logWarning("event not recorded").pipe(Effect.annotateLogs({ error: error.message }))
          )
        ),
        Effect.annotateLogs({ reason: event.reason })
      )
  )

  yield* Queue.take(waiting).pipe(
    Effect.flatMap((recorded) => write(recorded, seriesKey(recorded.event))),
    Effect.forever,
    Effect.forkScoped
  )
  return (event: NodeEvent): Effect.Effect<void> =>
    Effect.flatMap(DateTime.now, (at) => Effect.asVoid(Queue.offer(waiting, { event, at })))
})

// Events that agree in all of it are the same event again.
const seriesKey = ({ note, reason, regarding: { metadata } }: NodeEvent): string =>
  JSON.stringify([reason, note, metadata.uid, metadata.name])

const newEventName = Effect.fnUntraced(function*({ regarding: { metadata } }: NodeEvent) {
  const prefix = metadata.name.slice(0, longestNamePrefix).replace(/[-.]+$/, "")
  const suffix = yield* Random.nextIntBetween(0, 2 ** 32)
  return `${prefix}.${suffix.toString(16).padStart(8, "0")}`
})

const namespaceOf = (source: EventSource, { regarding: { metadata } }: NodeEvent): string =>
  metadata.namespace ?? source.namespace

const createRequest = (source: EventSource, recorded: Recorded, eventName: string): ApiRequest => ({
  verb: "create",
  method: "POST",
  resource: events.plural,
  path: collectionPath(events, namespaceOf(source, recorded.event)),
  body: { contentType: "application/json", text: JSON.stringify(newEvent(source, recorded, eventName)) }
})

const countRequest = (
  source: EventSource,
  { at, event }: Recorded,
  { count, eventName }: { readonly count: number; readonly eventName: string }
): ApiRequest => ({
  verb: "patch",
  method: "PATCH",
  resource: events.plural,
  path: objectPath(events, namespaceOf(source, event), eventName),
  body: {
    contentType: "application/merge-patch+json",
    text: JSON.stringify({ series: { count, lastObservedTime: microTime(at) } })
  }
})

const newEvent = (source: EventSource, { at, event }: Recorded, name: string) => {
  const { metadata } = event.regarding
  const namespace = namespaceOf(source, event)
  return {
    apiVersion: apiVersionOf(events),
    kind: events.kind,
    metadata: { name, namespace },
    eventTime: microTime(at),
    reportingController: source.component,
    reportingInstance: source.nodeName.slice(0, longestInstance),
    action: event.reason,
    reason: event.reason,
    type: event.type,
    note: cutToBytes(event.note, longestNoteBytes),
    regarding: {
      apiVersion: event.regarding["apiVersion"] ?? apiVersionOf(source.regarding),
      kind: event.regarding["kind"] ?? source.regarding.kind,
      name: metadata.name,
      namespace,
      ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
      ...(metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion })
    }
  }
}

const cutToBytes = (text: string, longest: number): string => {
  const bytes = new Uint8Array(longest)
  // It stops before a character that does not fit whole.
  const { written } = new TextEncoder().encodeInto(text, bytes)
  return new TextDecoder().decode(bytes.subarray(0, written))
}

// Kubernetes' MicroTime wants six digits of a second; the clock has three.
const microTime = (at: DateTime.Utc): string => DateTime.formatIso(at).replace(/Z$/, "000Z")
