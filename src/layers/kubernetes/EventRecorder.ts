/**
 * Writes `events.k8s.io/v1` events in the background, so that a slow API never holds up who records one.
 * HttpKubernetesApi owns one. Events are a courtesy to `kubectl describe`: a failure is logged and forgotten.
 */
import { Clock, DateTime, Effect, Queue, Random, Ref } from "effect"
import type { KubernetesApiError, NodeEvent } from "../../services/kubernetes/KubernetesApi.ts"
import type { ResourceType } from "../../services/kubernetes/KubernetesObject.ts"
import type { ApiConnection } from "./ApiConnection.ts"
import { emptyHistory, type EventStep, recordInHistory, withoutSeries } from "./EventSeries.ts"
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

  const write = Effect.fnUntraced(function*({ at, event }: Recorded) {
    const key = JSON.stringify([event.reason, event.note, event.regarding.metadata.uid, event.regarding.metadata.name])
    const nowMillis = Number((yield* Clock.monotonicTimeNanos) / 1_000_000n)
    const suffix = yield* Random.nextIntBetween(0, 2 ** 32)
    const prefix = event.regarding.metadata.name.slice(0, longestNamePrefix).replace(/[-.]+$/, "")
    const eventName = `${prefix}.${suffix.toString(16).padStart(8, "0")}`
    const step = yield* Ref.modify(history, (known) => recordInHistory(known, { key, eventName }, nowMillis))
    yield* send(step, { at, event }, eventName).pipe(
      Effect.catch((error) =>
        Effect.andThen(
          Ref.update(history, (known) => withoutSeries(known, key)),
          Effect.logWarning("event not recorded").pipe(
            Effect.annotateLogs({ reason: event.reason, error: error.message })
          )
        )
      )
    )
  })

  const send = (step: EventStep, recorded: Recorded, eventName: string): Effect.Effect<unknown, KubernetesApiError> => {
    const namespace = recorded.event.regarding.metadata.namespace ?? source.namespace
    switch (step._tag) {
      case "Create":
        return connection.text({
          verb: "create",
          method: "POST",
          resource: events.plural,
          path: collectionPath(events, namespace),
          body: { contentType: "application/json", text: JSON.stringify(newEvent(source, recorded, eventName)) }
        })
      case "Count":
        return connection.text({
          verb: "patch",
          method: "PATCH",
          resource: events.plural,
          path: objectPath(events, namespace, step.eventName),
          body: {
            contentType: "application/merge-patch+json",
            text: JSON.stringify({ series: { count: step.count, lastObservedTime: microTime(recorded.at) } })
          }
        })
      case "Wait":
        return Effect.void
      case "Drop":
        return Effect.logDebug("event dropped: too many").pipe(Effect.annotateLogs({ reason: recorded.event.reason }))
    }
  }

  yield* Queue.take(waiting).pipe(Effect.flatMap(write), Effect.forever, Effect.forkScoped)
  return (event: NodeEvent): Effect.Effect<void> =>
    Effect.flatMap(DateTime.now, (at) => Effect.asVoid(Queue.offer(waiting, { event, at })))
})

const newEvent = (source: EventSource, { at, event }: Recorded, name: string) => {
  const { metadata } = event.regarding
  const namespace = metadata.namespace ?? source.namespace
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
