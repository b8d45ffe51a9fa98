/**
 * Everything that can change what is known about the node's clocks: lines and statuses of processes, profiles, NICs,
 * what management sockets tell, and the passing of time. Each is a step, a function of the clock state, and
 * ObserveClocks applies the steps.
 */
import { Clock, Effect, Option, Stream, SubscriptionRef } from "effect"
import {
  advance,
  type ClockStep,
  observeInterfaces,
  observeLine,
  observeProfiles,
  observeStatuses
} from "../services/clocks/ClockState.ts"
import { DeviceDiscovery } from "../services/devices/DeviceDiscovery.ts"
import { ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"
import { followManagement } from "./ManagementNews.ts"
import { NodeState } from "./NodeState.ts"
import { patientSleepUntil } from "./SleepUntil.ts"

/** How often it is looked for alarms whose time is over. */
const alarmPeriod = 10_000_000_000n
const untilNextLook = Effect.flatMap(Clock.monotonicTimeNanos, (now) => patientSleepUntil(now + alarmPeriod))

/** Hands every step to `take`, and never ends. */
export const clockSteps = Effect.fnUntraced(function*(take: (step: ClockStep) => void) {
  const { output, statuses } = yield* ProcessSupervisor
  const { interfaces } = yield* DeviceDiscovery
  const { reconciliation } = yield* NodeState
  const each = <A>(source: Stream.Stream<A>, stepOf: (value: A) => ClockStep) =>
    Stream.runForEach(source, (value) => Effect.sync(() => take(stepOf(value))))
  return yield* Effect.all([
    each(output, (line) => (state, now) => observeLine(state, line, now)),
    each(statuses, (all) => (state, now) => observeStatuses(state, all, now)),
    each(
      SubscriptionRef.changes(reconciliation).pipe(
        Stream.map(({ decision }) => Option.match(decision, { onNone: () => [], onSome: ({ profiles }) => profiles })),
        Stream.changes
      ),
      (profiles) => (state, now) => observeProfiles(state, profiles, now)
    ),
    each(interfaces, (all) => (state) => observeInterfaces(state, all)),
    Effect.forever(Effect.map(untilNextLook, () => take(advance))),
    followManagement(take)
  ], { concurrency: "unbounded", discard: true })
})
