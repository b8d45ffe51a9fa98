/**
 * One WATCH request from its start to its end: how each event changes the set, how long the server may be silent, and
 * what the result was. ListWatch makes one after the other, and WatchPolicy decides what follows.
 */
import { Clock, Duration, Effect, Random, Ref, Result, type Scope, Stream } from "effect"
import type { KubernetesApiError } from "../../../services/kubernetes/KubernetesApi.ts"
import type { ClientRequest } from "../requests/ApiConnection.ts"
import { failureOfConnection, malformed } from "../requests/ApiFailure.ts"
import { afterEvent, type Publish, type WatchProgress } from "./ChangedSet.ts"
import { type WatchEvent, watchEvents } from "./WatchLine.ts"
import type { WatchOutcome } from "./WatchPolicy.ts"
import { watchRequest, type WatchStart, type WatchTarget } from "./WatchTarget.ts"

// The API server sends a bookmark about once a minute (kubernetes#90249), so 90 s without any event mean a dead
// connection.
const longestSilence = Duration.seconds(90)
// The same range as in client-go, so that the watches of many nodes do not end at the same time.
const shortestWatchSeconds = 300
const longestWatchSeconds = 600
/** How much later than the server the client itself ends a watch. */
const deadlineMarginSeconds = 10

/** What the server has sent last, and when, in monotonic nanoseconds. */
interface Heard {
  /** When the server accepted the watch. */
  readonly acceptedAt: bigint
  bytesAt: bigint
  eventAt: bigint
  isMute: boolean
}

/**
 * Watches from a version, or with a streaming list that has begun in `progress`. It updates `progress` and passes each
 * change of the set to `publish`. Never fails: a failure is an outcome. The scope is that of the connection's use.
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
    // The server should have ended the watch. If it does not, the client does, and resumes as usual.
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
 * Fails if no event has arrived for too long. A slow streaming list may take that time between two of its events, and
 * no longer than any watch in total. Only events count, not bytes: a line that arrives byte by byte and never ends is
 * silence. Stream's own time-out is not used, because it depends on the wall clock, which linuxptp steps.
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

/** Where the next watch may continue; undefined if the list at the start of this one has not ended. */
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

/** The watch did not begin. */
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
