/**
 * A supervisor that starts nothing: what it is handed counts as running at once, and who made it is told. Each node of
 * the fleet benchmark has one in place of linuxptp.
 */
import { Effect, Layer, Stream, SubscriptionRef } from "effect"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import {
  newProcessStatus,
  type ProcessStatus,
  ProcessSupervisor
} from "../../src/services/processes/ProcessSupervisor.ts"

const running = (spec: ProcessSpec): ProcessStatus => ({
  ...newProcessStatus(spec),
  state: "Running",
  wasReady: true,
  pid: 1,
  run: 1
})

/** `onApply` is told first of all, at the moment of the hand-over. */
export const layer = (
  onApply: (processes: ReadonlyArray<ProcessSpec>) => void
): Layer.Layer<ProcessSupervisor> =>
  Layer.effect(
    ProcessSupervisor,
    Effect.map(SubscriptionRef.make<ReadonlyArray<ProcessStatus>>([]), (statuses) => ({
      apply: (processes) =>
        Effect.sync(() => onApply(processes)).pipe(
          Effect.andThen(SubscriptionRef.set(statuses, processes.map(running)))
        ),
      stop: Effect.void,
      retryNow: () => Effect.void,
      statuses: SubscriptionRef.changes(statuses),
      output: Stream.never
    }))
  )
