/**
 * Keeps the state of the node's clock. Its input is the supervisor's lines and statuses and the thresholds of the
 * profiles. Its output is `NodeState.clock`, a log line for each change of state, and the `openshift_ptp_*` metrics.
 * The rules are in `services/clocks`.
 */
import { Clock, Effect, Equal, Latch, SubscriptionRef } from "effect"
import { clockNews } from "../services/clocks/ClockNews.ts"
import { clockSeries } from "../services/clocks/ClockSeries.ts"
import {
  advance,
  type ClockState,
  type ClockStep,
  initialClockState,
  isOnlySampled,
  nextDeadline
} from "../services/clocks/ClockState.ts"
import { nodeClock } from "../services/clocks/NodeClockView.ts"
import { Settings } from "../services/Settings.ts"
import { clockSteps } from "./ClockSteps.ts"
import { NodeState } from "./NodeState.ts"
import { makePublishedSeries } from "./PtpMetrics.ts"
import { patientSleepUntil } from "./SleepUntil.ts"

/** Never ends by itself. Its metric series are removed when it is interrupted. */
export const run = Effect.gen(function*() {
  const { clock } = yield* NodeState
  const { nodeName } = yield* Settings
  const metrics = yield* makePublishedSeries

  const tell = Effect.fnUntraced(function*(state: ClockState) {
    metrics.publish(clockSeries(state, nodeName))
    const before = yield* SubscriptionRef.get(clock)
    const now = nodeClock(state, before, yield* Clock.currentTimeMillis)
    if (!Equal.equals(before, now)) yield* SubscriptionRef.set(clock, now)
    for (const { annotations, isWarning, message } of clockNews(before, now)) {
      yield* (isWarning ? Effect.logWarning : Effect.logInfo)(message).pipe(Effect.annotateLogs(annotations))
    }
  })
  const monotonic = yield* Clock.Clock
  const isChanged = Latch.makeUnsafe(false)
  const isSoonerNow = Latch.makeUnsafe(false)
  let state = initialClockState
  let awaited: bigint | undefined
  const take = (step: ClockStep) => {
    const next = step(state, monotonic.monotonicTimeNanosUnsafe())
    // Most lines of a process say nothing about a clock.
    if (next === state) return
    const isSample = isOnlySampled(state, next)
    state = next
    // Nobody but the metrics shows a sample.
    if (isSample) metrics.publishWhenRead(() => clockSeries(state, nodeName))
    else Latch.openUnsafe(isChanged)
    if (isSooner(nextDeadline(state), awaited)) Latch.openUnsafe(isSoonerNow)
  }
  const keepTelling = Effect.gen(function*() {
    yield* Latch.await(isChanged)
    Latch.closeUnsafe(isChanged)
    yield* tell(state)
  })
  /** Most deadlines are put off again and again; it is cheaper to look too early than to wait anew each time. */
  const keepDeadlines = Effect.gen(function*() {
    Latch.closeUnsafe(isSoonerNow)
    awaited = nextDeadline(state)
    const sooner = Latch.await(isSoonerNow)
    yield* awaited === undefined ? sooner : Effect.raceFirst(sooner, patientSleepUntil(awaited))
    if (isDue(nextDeadline(state), monotonic.monotonicTimeNanosUnsafe())) take(advance)
  })
  return yield* Effect.all([
    Effect.forever(keepTelling),
    Effect.forever(keepDeadlines),
    clockSteps(take)
  ], { concurrency: "unbounded", discard: true })
}).pipe(Effect.scoped)

const isSooner = (next: bigint | undefined, awaited: bigint | undefined): boolean =>
  next !== undefined && (awaited === undefined || next < awaited)

const isDue = (time: bigint | undefined, now: bigint): boolean => time !== undefined && time <= now
