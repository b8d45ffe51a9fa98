/**
 * Everything that can change what is known about the node's clocks: lines and statuses of processes, profiles, NICs,
 * what management sockets tell, and the passing of time. Each is a step, a function of the clock state, and ObserveClocks applies the
 * steps.
 */
import { Clock, Duration, Effect, Option, Stream, SubscriptionRef } from "effect"
import {
  advance,
  type ClockState,
  observeInterfaces,
  observeLine,
  observeProfiles,
  observeStatuses
} from "../services/clocks/ClockState.ts"
import { DeviceDiscovery } from "../services/devices/DeviceDiscovery.ts"
import { ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"
import { managementSteps } from "./ManagementNews.ts"
import { NodeState } from "./NodeState.ts"
import { sleepUntil } from "./SleepUntil.ts"

/** How often it is looked for alarms whose time is over. */
const alarmPeriod = 10_000_000_000n
/** A sleep that ends this much too late shows that the daemon itself was stopped. */
const lateness = 1_000_000_000n
/** Enough to take in what was said meanwhile. */
const catchUp = Duration.seconds(2)

/** A daemon that was stopped has heard nothing, which says nothing about the clocks. So it listens first. */
const patientSleepUntil = Effect.fnUntraced(function*(time: bigint) {
  yield* sleepUntil(time)
  if ((yield* Clock.monotonicTimeNanos) - time > lateness) yield* Effect.sleep(catchUp)
})

const patientSleep = Effect.flatMap(Clock.monotonicTimeNanos, (now) => patientSleepUntil(now + alarmPeriod))

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
    yield* managementSteps,
    Stream.map(interfaces, (all): ClockStep => (state) => observeInterfaces(state, all)),
    SubscriptionRef.changes(deadline).pipe(
      Stream.switchMap((time) => time === undefined ? Stream.empty : Stream.fromEffect(patientSleepUntil(time))),
      Stream.map((): ClockStep => advance)
    ),
    Stream.map(Stream.forever(Stream.fromEffect(patientSleep)), (): ClockStep => advance)
  ]
})
