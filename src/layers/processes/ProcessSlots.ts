/**
 * Knows which processes have a life and which are being stopped. There is a slot for each wanted id, and next to it a
 * stop of the process that had the id before. A stop continues by itself; the next life of the same id waits for its
 * end.
 */
import { Deferred, Effect, Fiber, Option } from "effect"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import type { StatusBoard } from "./StatusBoard.ts"
import { stopPatience } from "./StopProcess.ts"

interface Slot {
  readonly spec: ProcessSpec
  readonly fiber: Fiber.Fiber<unknown>
}

interface Stop {
  /** Completed once everything that ever ran under this id is stopped, reaped and removed from the status board. */
  readonly over: Deferred.Deferred<void>
  /** A first wait for it was in vain; it is not waited for again. */
  isGivenUp: boolean
}

export interface ProcessSlots {
  /** The wanted processes by id. */
  readonly specs: () => ReadonlyMap<string, ProcessSpec>
  /** True if nothing is being stopped. */
  readonly isStill: () => boolean
  /** Starts a life. The life waits for the end of the process that had the id before. */
  readonly begin: (wanted: ProcessSpec) => Effect.Effect<void>
  /** Starts to stop the process with this id, if there is one. */
  readonly beginStop: (id: string) => Effect.Effect<void>
  /** Waits for all stops. For a process that cannot be reaped it waits only once, and not for long. */
  readonly awaitStops: Effect.Effect<void>
  /** Waits for every stop, as long as necessary. */
  readonly awaitAllStops: Effect.Effect<void>
}

export const makeProcessSlots = (
  board: StatusBoard,
  keepRunning: (spec: ProcessSpec) => Effect.Effect<never>
): ProcessSlots => {
  const slots = new Map<string, Slot>()
  const stops = new Map<string, Stop>()
  const awaitAll = (wait: (stop: readonly [string, Stop]) => Effect.Effect<void>) =>
    Effect.suspend(() => Effect.forEach([...stops], wait, { concurrency: "unbounded", discard: true }))

  const begin = Effect.fnUntraced(function*(wanted: ProcessSpec) {
    // Each life has a spec object of its own. The same object may have run before, and its runs were counted from 1
    // too.
    const spec = { ...wanted }
    const life = Effect.andThen(overOf(stops.get(spec.id)), keepRunning(spec))
    slots.set(spec.id, { spec, fiber: yield* Effect.forkDetach(life, { startImmediately: true }) })
  }, Effect.uninterruptible)

  const beginStop = Effect.fnUntraced(function*(id: string) {
    const slot = slots.get(id)
    if (slot === undefined) return
    slots.delete(id)
    // A slot that still waits for a predecessor ends at once; the predecessor does not.
    const predecessor = stops.get(id)
    const stop: Stop = { over: yield* Deferred.make<void>(), isGivenUp: predecessor?.isGivenUp ?? false }
    stops.set(id, stop)
    // Detached, because a scope would wait for a child in D state for ever. The finalizer waits with a time limit.
    yield* Fiber.interrupt(slot.fiber).pipe(
      // This span belongs to the trace of the change that stops the process; the fiber belongs to the change that
      // started it.
      Effect.withSpan("ProcessSupervisor.stop", { attributes: { "process.id": id, profile: slot.spec.profile } }),
      Effect.andThen(overOf(predecessor)),
      Effect.andThen(Effect.suspend(() => {
        if (stops.get(id) !== stop) return Effect.void
        stops.delete(id)
        return board.remove(id)
      })),
      Effect.andThen(Deferred.succeed(stop.over, undefined)),
      Effect.forkDetach({ startImmediately: true })
    )
  }, Effect.uninterruptible)

  // A child that cannot be reaped keeps its own id and must not delay the others more than once. If each apply waited
  // for it again, a series of edits would be delayed each time.
  const awaitStops = awaitAll(([id, stop]) =>
    stop.isGivenUp ? Effect.void : Effect.raceFirst(Deferred.await(stop.over), board.awaitUnreapable(id))
  ).pipe(
    Effect.timeoutOption(stopPatience),
    Effect.map((inTime) => {
      if (Option.isNone(inTime)) { for (const stop of stops.values()) stop.isGivenUp = true }
    })
  )
  return {
    specs: () => new Map([...slots].map(([id, { spec }]) => [id, spec])),
    isStill: () => stops.size === 0,
    begin,
    beginStop,
    awaitStops,
    awaitAllStops: awaitAll(([, stop]) => overOf(stop))
  }
}

const overOf = (stop: Stop | undefined): Effect.Effect<void> =>
  stop === undefined ? Effect.void : Deferred.await(stop.over)
