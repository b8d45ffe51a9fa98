/**
 * All that tells something of the node's clocks, as steps of the clock state: lines and statuses of the children,
 * profiles, NICs, clock classes, and the passing of time. ObserveClocks takes them.
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

/** A change of what is known, at a monotonic nanosecond. */
export type ClockStep = (state: ClockState, now: bigint) => ClockState

/** One stream for each thing that can happen; the time in `deadline` is one of them. */
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
