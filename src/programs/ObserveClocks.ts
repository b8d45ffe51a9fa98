/**
 * Keeps the state of the node's clock. Its input is the supervisor's lines and statuses and the thresholds of the
 * profiles. Its output is `NodeState.clock`, a log line for each change of state, and the `openshift_ptp_*` metrics.
 * The rules are in `services/clocks`.
 */
import { Clock, Effect, Equal, Stream, SubscriptionRef } from "effect"
import { clockNews } from "../services/clocks/ClockNews.ts"
import { clockSeries } from "../services/clocks/ClockSeries.ts"
import { type ClockState, initialClockState, nextDeadline } from "../services/clocks/ClockState.ts"
import { nodeClock } from "../services/clocks/NodeClockView.ts"
import { Settings } from "../services/Settings.ts"
import { clockSteps } from "./ClockSteps.ts"
import { NodeState } from "./NodeState.ts"
import { makePublishedSeries } from "./PtpMetrics.ts"

/** Never ends by itself. Its metric series are removed when it is interrupted. */
export const run = Effect.gen(function*() {
  const { clock } = yield* NodeState
  const { nodeName } = yield* Settings
  const metrics = yield* makePublishedSeries
  const deadline = yield* SubscriptionRef.make<bigint | undefined>(undefined)

  const tell = Effect.fnUntraced(function*(state: ClockState) {
    yield* metrics.publish(clockSeries(state, nodeName))
    const before = yield* SubscriptionRef.get(clock)
    const now = nodeClock(state, before, yield* Clock.currentTimeMillis)
    if (!Equal.equals(before, now)) yield* SubscriptionRef.set(clock, now)
    for (const { annotations, isWarning, message } of clockNews(before, now)) {
      yield* (isWarning ? Effect.logWarning : Effect.logInfo)(message).pipe(Effect.annotateLogs(annotations))
    }
  })
  /** Most deadlines are put off again and again; it is cheaper to look too early than to wait anew each time. */
  const waitForNext = Effect.fnUntraced(function*(state: ClockState, now: bigint) {
    const next = nextDeadline(state)
    const awaited = yield* SubscriptionRef.get(deadline)
    const isInTime = awaited !== undefined && awaited > now && next !== undefined && awaited <= next
    if (!isInTime && awaited !== next) yield* SubscriptionRef.set(deadline, next)
  })
  return yield* Stream.mergeAll(yield* clockSteps(deadline), { concurrency: "unbounded" }).pipe(
    Stream.mapAccumArrayEffect(
      () => initialClockState,
      Effect.fnUntraced(function*(state, taken) {
        const now = yield* Clock.monotonicTimeNanos
        const next = taken.reduce((known, step) => step(known, now), state)
        yield* waitForNext(next, now)
        // Most lines of a process say nothing about a clock.
        return [next, next === state ? [] : [next]] as const
      })
    ),
    Stream.runForEach(tell)
  )
}).pipe(Effect.scoped)
