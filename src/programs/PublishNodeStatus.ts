/**
 * The only writer of this node's NodePTPDev. It keeps the newest facts, says them when they differ from what the API
 * server has, at once where somebody waits for it and seldom otherwise, and makes the object when it is missing.
 */
import { Clock, Duration, Effect, Equal, Option, Queue, Schema, Stream, SubscriptionRef } from "effect"
import type { NodeClock } from "../services/clocks/NodeClock.ts"
import { DeviceDiscovery } from "../services/devices/DeviceDiscovery.ts"
import type { NetworkInterface } from "../services/devices/PtpDevice.ts"
import { KubernetesApi, type KubernetesApiError } from "../services/kubernetes/KubernetesApi.ts"
import type { KubernetesObject } from "../services/kubernetes/KubernetesObject.ts"
import { nodePTPDevs, NodePTPDevStatus } from "../services/kubernetes/NodePTPDev.ts"
import { retrySchedule } from "../services/kubernetes/RetrySchedule.ts"
import { type ProcessStatus, ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"
import { Settings } from "../services/Settings.ts"
import { eventsBetween } from "../services/status/NodeEvents.ts"
import { differsAtOnce, nodeStatus } from "../services/status/NodeStatus.ts"
import { makeTokenBucket } from "../services/status/TokenBucket.ts"
import { NodeState, type Reconciliation } from "./NodeState.ts"

/** Writes that may follow at once, and the time that gives one more. */
const burst = 10
const refill = Duration.seconds(5)
/** A change comes in steps (selected, starting, ready): those of one moment are one write. */
const togetherFor = Duration.millis(100)
/** What nobody waits for is written at most this often. */
const quietPeriod = Duration.seconds(10)

interface Known {
  readonly interfaces: ReadonlyArray<NetworkInterface> | undefined
  readonly reconciliation: Reconciliation
  readonly statuses: ReadonlyArray<ProcessStatus>
  readonly clock: NodeClock | undefined
  /** The object as the API server has it; undefined until the first list, `None` when there is none. */
  readonly object: Option.Option<KubernetesObject> | undefined
}

const nanos = (duration: Duration.Duration): bigint => Duration.toNanosUnsafe(duration)

/** A status that somebody else wrote may not decode; then it counts as absent and is replaced. */
const publishedIn = ({ object = Option.none() }: Known): NodePTPDevStatus | undefined =>
  Option.getOrUndefined(Option.flatMap(object, ({ status }) => decodeStatus(status)))
const decodeStatus = Schema.decodeUnknownOption(NodePTPDevStatus)

const encodeStatus = Schema.encodeSync(NodePTPDevStatus)

/** What is published and what should be. */
interface Difference {
  readonly previous: NodePTPDevStatus | undefined
  readonly next: NodePTPDevStatus
  /** Those that `next` was made from. */
  readonly statuses: ReadonlyArray<ProcessStatus>
  readonly isUrgent: boolean
  /** There is no object to write it to. */
  readonly isMissing: boolean
}

/** `None` when nothing differs or too little is known yet. `told` is what was written last. */
const differenceOf = (
  known: Known,
  told: NodePTPDevStatus | undefined,
  nowMillis: number
): Option.Option<Difference> => {
  const { clock, interfaces, object, reconciliation: { decision, isFromDisk, linuxptpMissing }, statuses } = known
  if (interfaces === undefined || object === undefined) return Option.none()
  const facts = { decision: Option.getOrUndefined(decision), isFromDisk, linuxptpMissing, statuses, clock, interfaces }
  const next = nodeStatus(facts, told, new Date(nowMillis).toISOString().replace(/\.\d+Z$/, "Z"))
  const published = publishedIn(known)
  if (published !== undefined && Equal.equals(published, next)) return Option.none()
  const isUrgent = published === undefined || differsAtOnce(published, next)
  return Option.some({ previous: told, next, statuses, isUrgent, isMissing: Option.isNone(object) })
}

/** Writes the status, and makes its object first when it is missing. */
const store = Effect.fnUntraced(function*(nodeName: string, { isMissing, next }: Difference) {
  const api = yield* KubernetesApi
  if (isMissing) yield* api.create(nodePTPDevs, { metadata: { name: nodeName }, spec: {} })
  const { clock, ...status } = encodeStatus(next)
  // Null removes what a merge patch would otherwise leave (RFC 7396): lists are replaced, objects are not.
  return yield* api.patchStatus(nodePTPDevs, nodeName, {
    ...status,
    clock: clock === undefined ? null : { grandmaster: null, ...clock }
  })
})

/** Never ends by itself. */
export const run = Effect.gen(function*() {
  const { clock, reconciliation } = yield* NodeState
  const api = yield* KubernetesApi
  const discovery = yield* DeviceDiscovery
  const supervisor = yield* ProcessSupervisor
  const { nodeName } = yield* Settings
  const bucket = yield* makeTokenBucket({ burst, refill })
  let lastWrite: bigint | undefined
  /** Written last, or found first: the object may be gone, what was told and since when may not. */
  let told: NodePTPDevStatus | undefined
  /** Monotonic time at which the difference that is not written yet began. */
  let differsSince: bigint | undefined
  /** How often the watch told of the object. */
  let newsOfObject = 0
  let known: Known = {
    interfaces: undefined,
    reconciliation: yield* SubscriptionRef.get(reconciliation),
    statuses: [],
    clock: undefined,
    object: undefined
  }
  const looksAgain = yield* Queue.sliding<Partial<Known>>(1)

  const changes: ReadonlyArray<Stream.Stream<Partial<Known>>> = [
    Stream.fromQueue(looksAgain),
    discovery.interfaces.pipe(Stream.map((interfaces) => ({ interfaces }))),
    SubscriptionRef.changes(reconciliation).pipe(Stream.map((now) => ({ reconciliation: now }))),
    supervisor.statuses.pipe(Stream.map((statuses) => ({ statuses }))),
    SubscriptionRef.changes(clock).pipe(Stream.map((now) => ({ clock: now }))),
    api.watchAll(nodePTPDevs, { name: nodeName }).pipe(
      Stream.map(({ objects }) => ({ object: Option.fromUndefinedOr(objects[0]) }))
    )
  ]

  const difference = Effect.map(Clock.currentTimeMillis, (now) => differenceOf(known, told, now))

  /** Waits until the difference of now may be written; a newer change looks again, but waits no longer for it. */
  const untilDue = Effect.gen(function*() {
    const found = yield* difference
    if (Option.isNone(found)) {
      differsSince = undefined
      return false
    }
    const now = yield* Clock.monotonicTimeNanos
    differsSince ??= now
    const due = found.value.isUrgent
      ? differsSince + nanos(togetherFor)
      : (lastWrite ?? differsSince) + nanos(quietPeriod)
    yield* Effect.sleep(Duration.nanos(due > now ? due - now : 0n))
    return true
  })

  /** What to write once there is a token for it: what was true before the wait may be over. */
  const taken = Effect.gen(function*() {
    yield* bucket.take
    const found = yield* difference
    const now = yield* Clock.monotonicTimeNanos
    const isDue = Option.exists(
      found,
      ({ isUrgent }) => isUrgent || lastWrite === undefined || now >= lastWrite + nanos(quietPeriod)
    )
    if (isDue) return found
    yield* bucket.giveBack
    // What is left of it waits its own time.
    yield* Queue.offer(looksAgain, {})
    return Option.none()
  })

  /** What the next attempt starts from: the watch may not have told yet that somebody deleted or made the object. */
  const correct = Effect.fnUntraced(function*({ reason }: KubernetesApiError) {
    if (reason === "NotFound") known = { ...known, object: Option.none() }
    if (reason !== "Conflict") return
    known = { ...known, object: yield* api.get(nodePTPDevs, nodeName) }
    told ??= publishedIn(known)
  })

  const write = Effect.gen(function*() {
    const found = yield* taken
    if (Option.isNone(found)) return
    differsSince = undefined
    const { next, previous, statuses } = found.value
    const newsBefore = newsOfObject
    const written = yield* store(nodeName, found.value).pipe(Effect.tapError(correct))
    lastWrite = yield* Clock.monotonicTimeNanos
    told = next
    // The watch may have told already that it is gone, or what somebody else wrote over it: this answer is older.
    if (newsOfObject === newsBefore) known = { ...known, object: Option.some(written) }
    for (const event of eventsBetween(previous, next, statuses)) {
      yield* api.recordEvent({ ...event, regarding: written })
    }
  })

  const writeUntilItWorks = write.pipe(
    Effect.tapError((error) =>
      Effect.logWarning("status not written").pipe(Effect.annotateLogs({ error: error.message }))
    ),
    Effect.retry(retrySchedule),
    // An endless schedule can't fail.
    Effect.orDie
  )

  return yield* Stream.mergeAll(changes, { concurrency: "unbounded" }).pipe(
    Stream.switchMap((change) => {
      known = { ...known, ...change }
      if (change.object !== undefined) newsOfObject += 1
      told ??= publishedIn(known)
      return Stream.fromEffect(untilDue)
    }),
    Stream.filter((due) => due),
    // A write under way is not interrupted by news; the newest news is written after it.
    Stream.buffer({ capacity: 1, strategy: "sliding" }),
    Stream.runForEach(() => writeUntilItWorks)
  )
})
