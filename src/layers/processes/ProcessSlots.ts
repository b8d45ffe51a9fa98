/**
 * Which processes have a life, and which are being stopped: a slot for each id that is wanted, and beside it the stop of
 * whatever had the id before. A stop goes on by itself; the next life of the same id waits for its end.
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
  /** Done once everything that ever ran under the id is stopped, reaped and off the board. */
  readonly over: Deferred.Deferred<void>
  /** Waited for in vain, and not to be waited for again. */
  isGivenUp: boolean
}

export interface ProcessSlots {
  /** What is wanted now, by id. */
  readonly specs: () => ReadonlyMap<string, ProcessSpec>
  /** True when no stop is under way. */
  readonly isStill: () => boolean
  /** Begins a life; it waits for the end of what had the id before. */
  readonly begin: (wanted: ProcessSpec) => Effect.Effect<void>
  /** Begins to stop what has the id, if anything has. */
  readonly beginStop: (id: string) => Effect.Effect<void>
  /** Waits for the stops under way, for what can't be reaped once and not for long. */
  readonly awaitStops: Effect.Effect<void>
  /** Waits for every stop, for as long as it takes. */
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
    // Each life has an object of its own: the same one may have run before, and counted its runs from 1 as well.
    const spec = { ...wanted }
    const life = Effect.andThen(overOf(stops.get(spec.id)), keepRunning(spec))
    slots.set(spec.id, { spec, fiber: yield* Effect.forkDetach(life, { startImmediately: true }) })
  }, Effect.uninterruptible)

  const beginStop = Effect.fnUntraced(function*(id: string) {
    const slot = slots.get(id)
    if (slot === undefined) return
    slots.delete(id)
    // A slot that still waits for a predecessor is over at once; the predecessor is not.
    const predecessor = stops.get(id)
    const stop: Stop = { over: yield* Deferred.make<void>(), isGivenUp: predecessor?.isGivenUp ?? false }
    stops.set(id, stop)
    // Detached, because a scope would wait for a child in D state for ever. The finalizer waits, with a bound.
    yield* Fiber.interrupt(slot.fiber).pipe(
      // In the trace of the change that stops it; the fiber itself belongs to the one that started it.
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

  // A child that cannot be reaped keeps its own id; it must not keep the others waiting, and not more than once: each
  // apply would have a patience of its own, and a burst of edits would keep the others waiting for as long.
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
