/**
 * Follows what the children say and keeps the node's clock state: output and statuses of the supervisor and the
 * thresholds of the profiles go in, `NodeState.clock`, a log line per change of state and the `openshift_ptp_*`
 * metrics come out. It decides nothing itself: the rules are in `services/clocks`.
 */
import { Clock, Duration, Effect, Equal, Option, Stream, SubscriptionRef } from "effect"
import { clockSeries } from "../services/clocks/ClockSeries.ts"
import {
  advance,
  type ClockState,
  freshnessPeriodSeconds,
  initialClockState,
  nextDeadline,
  observeClockClasses,
  observeInterfaces,
  observeLine,
  observeProfiles,
  observeStatuses
} from "../services/clocks/ClockState.ts"
import type { ClockAlarm, NodeClock } from "../services/clocks/NodeClock.ts"
import { nodeClock } from "../services/clocks/NodeClockView.ts"
import { DeviceDiscovery } from "../services/devices/DeviceDiscovery.ts"
import { ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"
import { Settings } from "../services/Settings.ts"
import { clockClasses } from "./ClockClasses.ts"
import { NodeState } from "./NodeState.ts"
import { makePublishedSeries } from "./PtpMetrics.ts"

/** A change of what is known, at a monotonic nanosecond. */
type Step = (state: ClockState, now: bigint) => ClockState

/** Never ends by itself. Its series go when it is interrupted. */
export const run = Effect.gen(function*() {
  const supervisor = yield* ProcessSupervisor
  const discovery = yield* DeviceDiscovery
  const { nodeName } = yield* Settings
  const metrics = yield* makePublishedSeries
  const { clock, reconciliation } = yield* NodeState
  const deadline = yield* SubscriptionRef.make<bigint | undefined>(undefined)
  let state = initialClockState

  const publish = Effect.gen(function*() {
    const before = yield* SubscriptionRef.get(clock)
    const now = nodeClock(state, before, yield* Clock.currentTimeMillis)
    if (Equal.equals(before, now)) return
    yield* SubscriptionRef.set(clock, now)
    for (const { message, reason } of newAlarms(before, now)) {
      yield* Effect.logWarning("clock alarm").pipe(Effect.annotateLogs({ reason, message }))
    }
    if (now === undefined || before?.state === now.state) return
    yield* Effect.logInfo("clock state changed").pipe(Effect.annotateLogs({
      state: now.state,
      reason: now.reason,
      ...(before === undefined ? {} : { previous: before.state }),
      ...(now.grandmaster === undefined ? {} : { grandmaster: now.grandmaster })
    }))
  })

  const take = Effect.fnUntraced(function*(steps: ReadonlyArray<Step>) {
    const now = yield* Clock.monotonicTimeNanos
    const before = state
    for (const step of steps) state = step(state, now)
    // Most lines of a talkative child tell nothing of a clock.
    if (state === before) return
    yield* metrics.publish(clockSeries(state, nodeName))
    yield* publish
    const next = nextDeadline(state)
    if (next !== (yield* SubscriptionRef.get(deadline))) yield* SubscriptionRef.set(deadline, next)
  })

  const steps: ReadonlyArray<Stream.Stream<Step>> = [
    supervisor.output.pipe(Stream.map((line): Step => (state, now) => observeLine(state, line, now))),
    supervisor.statuses.pipe(Stream.map((statuses): Step => (state, now) => observeStatuses(state, statuses, now))),
    SubscriptionRef.changes(reconciliation).pipe(
      Stream.map(({ decision }) => Option.match(decision, { onNone: () => [], onSome: ({ profiles }) => profiles })),
      Stream.changes,
      Stream.map((profiles): Step => (state, now) => observeProfiles(state, profiles, now))
    ),
    (yield* clockClasses).pipe(Stream.map((classes): Step => (state) => observeClockClasses(state, classes))),
    discovery.interfaces.pipe(Stream.map((interfaces): Step => (state) => observeInterfaces(state, interfaces))),
    SubscriptionRef.changes(deadline).pipe(Stream.switchMap(atDeadline), Stream.map((): Step => advance)),
    Stream.tick(Duration.seconds(freshnessPeriodSeconds)).pipe(Stream.map((): Step => advance))
  ]
  return yield* Stream.mergeAll(steps, { concurrency: "unbounded" }).pipe(Stream.runForEachArray(take))
}).pipe(Effect.scoped)

const newAlarms = (before: NodeClock | undefined, now: NodeClock | undefined): ReadonlyArray<ClockAlarm> =>
  (now?.alarms ?? []).filter(({ message }) => before?.alarms.every((alarm) => alarm.message !== message) ?? true)

/** One element when the monotonic clock has reached `deadline`. */
const atDeadline = (deadline: bigint | undefined): Stream.Stream<void> =>
  deadline === undefined ? Stream.empty : Stream.fromEffect(sleepUntil(deadline))

/** Timers have milliseconds and may be early by one: a holdover that has not ended would never be looked at again. */
const sleepUntil = Effect.fnUntraced(function*(deadline: bigint) {
  while (true) {
    const left = deadline - (yield* Clock.monotonicTimeNanos)
    if (left <= 0n) return
    yield* Effect.sleep(Duration.millis(Math.ceil(Number(left) / 1e6)))
  }
})
