/**
 * Everything that can change what is known about the node's clocks: lines and statuses of processes, profiles, NICs,
 * clock classes, and the passing of time. Each is a step, a function of the clock state, and ObserveClocks applies the
 * steps.
 */
import { Duration, Effect, Option, Stream, SubscriptionRef } from "effect"
import {
  advance,
  type ClockState,
  freshnessPeriodSeconds,
  observeClockClasses,
  observeInterfaces,
  observeLine,
  observeProfiles,
  observeStatuses
} from "../services/clocks/ClockState.ts"
import { DeviceDiscovery } from "../services/devices/DeviceDiscovery.ts"
import { ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"
import { clockClasses } from "./ClockClasses.ts"
import { NodeState } from "./NodeState.ts"
import { sleepUntil } from "./SleepUntil.ts"

/** Changes the clock state, at a time in monotonic nanoseconds. */
export type ClockStep = (state: ClockState, now: bigint) => ClockState

/** One stream for each source of steps. One of them fires at the time in `deadline`. */
export const clockSteps = Effect.fnUntraced(function*(deadline: SubscriptionRef.SubscriptionRef<bigint | undefined>) {
  const { output, statuses } = yield* ProcessSupervisor
  const { interfaces } = yield* DeviceDiscovery
  const { reconciliation } = yield* NodeState
  return [
    Stream.map(output, (line): ClockStep => (state, now) => observeLine(state, line, now)),
    Stream.map(statuses, (all): ClockStep => (state, now) => observeStatuses(state, all, now)),
    SubscriptionRef.changes(reconciliation).pipe(
      Stream.map(({ decision }) => Option.match(decision, { onNone: () => [], onSome: ({ profiles }) => profiles })),
      Stream.changes,
      Stream.map((profiles): ClockStep => (state, now) => observeProfiles(state, profiles, now))
    ),
    Stream.map(yield* clockClasses, (classes): ClockStep => (state) => observeClockClasses(state, classes)),
    Stream.map(interfaces, (all): ClockStep => (state) => observeInterfaces(state, all)),
    SubscriptionRef.changes(deadline).pipe(
      Stream.switchMap((time) => time === undefined ? Stream.empty : Stream.fromEffect(sleepUntil(time))),
      Stream.map((): ClockStep => advance)
    ),
    Stream.map(Stream.tick(Duration.seconds(freshnessPeriodSeconds)), (): ClockStep => advance)
  ]
})
