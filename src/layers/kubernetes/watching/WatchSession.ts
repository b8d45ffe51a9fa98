/**
 * One WATCH request from its opening to its end: what each event makes of the set, how long the server may be silent,
 * and how it came out. ListWatch makes one after the other; what follows an end is WatchPolicy's.
 */
import { Clock, Duration, Effect, Random, Ref, Result, type Scope, Stream } from "effect"
import type { KubernetesApiError } from "../../../services/kubernetes/KubernetesApi.ts"
import type { ClientRequest } from "../requests/ApiConnection.ts"
import { failureOfConnection, malformed } from "../requests/ApiFailure.ts"
import { afterEvent, type Publish, type WatchProgress } from "./ChangedSet.ts"
import { type WatchEvent, watchEvents } from "./WatchLine.ts"
import type { WatchOutcome } from "./WatchPolicy.ts"
import { watchRequest, type WatchStart, type WatchTarget } from "./WatchTarget.ts"

// The API server sends a bookmark about once a minute (kubernetes#90249): 90 s without one is a dead connection.
const longestSilence = Duration.seconds(90)
// client-go's range: watches of many nodes end apart from each other.
const shortestWatchSeconds = 300
const longestWatchSeconds = 600
/** How much later than the server the client itself ends a watch. */
const deadlineMarginSeconds = 10

/** What came of the server, and when, in monotonic nanoseconds. */
interface Heard {
  /** When the server accepted the watch. */
  readonly acceptedAt: bigint
  bytesAt: bigint
  eventAt: bigint
  isMute: boolean
}

/**
 * Watches from a version or a streaming list, which has begun in `progress`; keeps that, and hands each change of the set
 * to `publish`. Never fails: a failure is an outcome. Scoped to the connection's use.
 */
export const watchOnce = Effect.fnUntraced(function*(
  target: WatchTarget,
  start: WatchStart,
  progress: Ref.Ref<WatchProgress>,
  publish: Publish
): Effect.fn.Return<WatchOutcome, never, Scope.Scope> {
  const timeoutSeconds = yield* Random.nextIntBetween(shortestWatchSeconds, longestWatchSeconds)
  const request = watchRequest(target, start, timeoutSeconds)
  const opened = yield* Effect.result(target.connection.open(request))
  if (Result.isFailure(opened)) return notAccepted(opened.failure, yield* Ref.get(progress))
  const acceptedAt = yield* Clock.monotonicTimeNanos
  const heard: Heard = { acceptedAt, bytesAt: acceptedAt, eventAt: acceptedAt, isMute: true }
  const take = Effect.fnUntraced(function*(event: WatchEvent) {
    heard.eventAt = heard.bytesAt
    heard.isMute = false
    yield* target.heard
    const [next, change] = yield* Ref.modify(progress, (known) => {
      const taken = afterEvent(known, event)
      return [taken, taken[0]]
    })
    if (change !== undefined) yield* publish(next.objects, { ...change, receivedAtNanos: heard.bytesAt })
  })
  const untilEnd = opened.success.pipe(
    Stream.tap(() => noteBytes(heard)),
    (bytes) => watchEvents(bytes, request),
    Stream.runForEach(take),
    // A server that forgot to end the watch: we do, and resume as if it had.
    Effect.timeoutOption(Duration.seconds(timeoutSeconds + deadlineMarginSeconds)),
    Effect.andThen(reachedVersion(request, progress))
  )
  const result = yield* Effect.result(Effect.raceFirst(untilEnd, untilDead(request, heard)))
  return outcomeOf(result, yield* Ref.get(progress), heard, yield* Clock.monotonicTimeNanos)
})

const noteBytes = (heard: Heard) =>
  Effect.map(Clock.monotonicTimeNanos, (now) => {
    heard.bytesAt = now
  })

/**
 * The dead-man timer: fails when no event has come for too long. A streaming list that is slow has the same time between
 * two of its events, and until its end the time of every watch. Events count, not bytes: a line that comes byte by byte
 * and never ends says nothing. Stream's own time-out goes by the wall clock, which this program's children step.
 */
const untilDead = Effect.fnUntraced(
  function*(request: ClientRequest, heard: Heard): Effect.fn.Return<never, KubernetesApiError> {
    while (true) {
      const left = after(heard.eventAt, longestSilence) - (yield* Clock.monotonicTimeNanos)
      if (left <= 0n) {
        return yield* failureOfConnection(request, `silent for ${Duration.format(longestSilence)}`)
      }
      yield* Effect.sleep(Duration.nanos(left))
    }
  }
)

const after = (nanos: bigint, duration: Duration.Duration): bigint => nanos + Duration.toNanosUnsafe(duration)

/** Where the next watch may go on. There is none while the list with which this one began has not ended. */
const reachedVersion = Effect.fnUntraced(
  function*(request: ClientRequest, progress: Ref.Ref<WatchProgress>): Effect.fn.Return<string, KubernetesApiError> {
    const { resourceVersion } = yield* Ref.get(progress)
    return resourceVersion ?? (yield* malformed(request, "a streaming list without an end"))
  }
)

const outcomeOf = (
  result: Result.Result<string, KubernetesApiError>,
  { resourceVersion }: WatchProgress,
  { acceptedAt, eventAt, isMute }: Heard,
  now: bigint
): WatchOutcome => {
  const livedMillis = toMillis(now - acceptedAt)
  const healthyMillis = toMillis(eventAt - acceptedAt)
  const end = { livedMillis, healthyMillis, isMute }
  if (Result.isSuccess(result)) return { ...end, _tag: "Ended", resourceVersion: result.success }
  const isSilent = now >= after(eventAt, longestSilence)
  return { ...end, _tag: "Failed", error: result.failure, resourceVersion, isSilent }
}

/** It did not even begin. */
const notAccepted = (error: KubernetesApiError, { resourceVersion }: WatchProgress): WatchOutcome => ({
  _tag: "Failed",
  error,
  resourceVersion,
  livedMillis: 0,
  healthyMillis: 0,
  isMute: false,
  isSilent: false
})

const toMillis = (nanos: bigint): number => Number(nanos / 1_000_000n)
