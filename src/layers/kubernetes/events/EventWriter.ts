/**
 * Writes events one after the other: it makes the requests that EventSeries decides on. A request that fails is tried
 * three times. Then the event is logged and forgotten, because events are only a help for `kubectl describe`.
 * EventRecorder says when to write.
 */
import { Clock, DateTime, Duration, Effect, Random, Ref, Schedule } from "effect"
import type { KubernetesApiError, NodeEvent } from "../../../services/kubernetes/KubernetesApi.ts"
import { apiVersionOf, type ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"
import { retryDelayMillis } from "../../../services/kubernetes/RetryDelay.ts"
import type { ApiConnection, ClientRequest } from "../requests/ApiConnection.ts"
import { collectionPath, objectPath } from "../requests/ResourcePath.ts"
import {
  type CountStep,
  emptyHistory,
  type EventOccurrence,
  nextWriteMillis,
  recordInHistory,
  takeHeldBack,
  withNewEvent,
  withoutSeries
} from "./EventSeries.ts"

const events: ResourceType = {
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true
}

/**
 * The names that each event carries. `regarding` is the kind that events are about; `namespace` is the default
 * namespace.
 */
export interface EventSource {
  readonly component: string
  readonly nodeName: string
  readonly namespace: string
  readonly regarding: ResourceType
}

/** An event, and when it happened. */
export interface Recorded {
  readonly event: NodeEvent
  readonly at: DateTime.Utc
}

/** Tries after the first one. If the API still refuses then, the event is outdated, and others are waiting. */
const furtherTries = 2
// Kubernetes' own limits (pkg/apis/core/validation/events.go): in bytes for the note and the instance; names have 253.
const longestNoteBytes = 1_024
const longestInstance = 128
const longestNamePrefix = 240

/** Writes the events of one source, one at a time, and remembers what it has written. */
export const makeEventWriter = Effect.fnUntraced(function*(connection: ApiConnection, source: EventSource) {
  const history = yield* Ref.make(emptyHistory)

  const forget = ({ key, reason }: EventOccurrence, error: KubernetesApiError) =>
    Effect.andThen(
      Ref.update(history, (known) => withoutSeries(known, key)),
      Effect.logWarning("event not recorded").pipe(Effect.annotateLogs({ error: error.message, reason }))
    )

  const create = (occurrence: Recorded, eventName: string) =>
    send(connection, createRequest(source, occurrence, eventName))

  const createAnew = Effect.fnUntraced(function*({ newest }: CountStep) {
    const eventName = yield* newEventName(newest.event)
    const path = pathOf(source, newest.event, eventName)
    yield* Ref.update(history, (known) => withNewEvent(known, newest.key, path))
    yield* create(newest, eventName)
  })

  const count = (step: CountStep) =>
    send(connection, countRequest(step)).pipe(
      // The Event has expired after an hour (kube-apiserver's --event-ttl), or somebody has deleted it.
      Effect.catchIf(({ reason }) => reason === "NotFound", () => createAnew(step)),
      Effect.catch((error) => forget(step.newest, error))
    )

  const write = Effect.fnUntraced(function*(recorded: Recorded) {
    const nowMillis = yield* monotonicMillis
    const eventName = yield* newEventName(recorded.event)
    const occurrence = occurrenceOf(source, recorded, eventName)
    const { reason } = occurrence
    const step = yield* Ref.modify(history, (known) => recordInHistory(known, occurrence, nowMillis))
    if (step._tag === "Create") {
      yield* create(occurrence, eventName).pipe(Effect.catch((error) => forget(occurrence, error)))
    }
    if (step._tag === "Count") yield* count(step)
    if (step._tag === "Drop") yield* Effect.logDebug("event dropped: too many").pipe(Effect.annotateLogs({ reason }))
  })

  const writeHeldBack = Effect.gen(function*() {
    const nowMillis = yield* monotonicMillis
    const step = yield* Ref.modify(history, (known) => takeHeldBack(known, nowMillis))
    if (step !== undefined) yield* count(step)
  })

  return {
    write,
    writeHeldBack,
    /** When `writeHeldBack` will have something to write, by the monotonic clock; undefined if nothing is held back. */
    nextWriteMillis: Effect.map(Ref.get(history), nextWriteMillis)
  }
})

const retrySchedule = Schedule.forever.pipe(
  Schedule.setInputType<KubernetesApiError>(),
  Schedule.modifyDelay(({ attempt, input }) =>
    Effect.map(Random.next, (random) => Duration.millis(retryDelayMillis(attempt, input, random)))
  )
)

/**
 * A request that meets a busy server, breaks off or gets no answer is tried again. A refusal would only be repeated.
 */
const send = (connection: ApiConnection, request: ClientRequest): Effect.Effect<void, KubernetesApiError> =>
  connection.text(request).pipe(
    Effect.asVoid,
    Effect.catchIf(
      ({ reason }) => request.verb === "create" && reason === "Conflict",
      (error) =>
        Effect.flatMap(Schedule.CurrentMetadata, ({ attempt }) =>
          // Nobody else uses this name, so an earlier try has succeeded and only its answer was lost.
          attempt > 0 ? Effect.void : Effect.fail(error))
    ),
    Effect.retry({
      schedule: retrySchedule,
      times: furtherTries,
      while: ({ reason }) => reason === "TooManyRequests" || reason === "Unreachable"
    })
  )

export const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

const occurrenceOf = (source: EventSource, { at, event }: Recorded, eventName: string): EventOccurrence => {
  const { note, reason, regarding: { metadata } } = event
  const regarding = JSON.stringify([metadata.uid, metadata.name])
  return {
    // Events that agree in all of these are the same event.
    key: JSON.stringify([reason, note, regarding]),
    event,
    regarding,
    reason,
    path: pathOf(source, event, eventName),
    at
  }
}

const pathOf = (source: EventSource, event: NodeEvent, eventName: string): string =>
  objectPath(events, namespaceOf(source, event), eventName)

const newEventName = Effect.fnUntraced(function*({ regarding: { metadata } }: NodeEvent) {
  const prefix = metadata.name.slice(0, longestNamePrefix).replace(/[-.]+$/, "")
  const suffix = yield* Random.nextIntBetween(0, 2 ** 32)
  return `${prefix}.${suffix.toString(16).padStart(8, "0")}`
})

const namespaceOf = (source: EventSource, { regarding: { metadata } }: NodeEvent): string =>
  metadata.namespace ?? source.namespace

const createRequest = (source: EventSource, recorded: Recorded, eventName: string): ClientRequest => ({
  verb: "create",
  method: "POST",
  resource: events.plural,
  path: collectionPath(events, namespaceOf(source, recorded.event)),
  body: { contentType: "application/json", text: JSON.stringify(newEvent(source, recorded, eventName)) }
})

const countRequest = ({ count, newest: { at, path } }: CountStep): ClientRequest => ({
  verb: "patch",
  method: "PATCH",
  resource: events.plural,
  path,
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
  // `encodeInto` stops before a character that does not fit completely.
  const { written } = new TextEncoder().encodeInto(text, bytes)
  return new TextDecoder().decode(bytes.subarray(0, written))
}

// Kubernetes' MicroTime needs six digits of a second; the clock has three.
const microTime = (at: DateTime.Utc): string => DateTime.formatIso(at).replace(/Z$/, "000Z")
