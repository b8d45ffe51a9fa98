/**
 * The supervisor: one fiber per process, over any `ProcessRunner`. `apply` compares by value, interrupts the fibers
 * of what has to go (dependants first), waits until they are reaped and forks the new ones; a fiber is a lifetime, so
 * its end is the child's end. It knows nothing of PTP: which line means "ready" is told to it.
 */
import { Duration, Effect, Fiber, Layer, Option, Queue, Schema, Semaphore, Stream } from "effect"
import { applyOrder } from "../../services/processes/ApplyOrder.ts"
import type { ProcessRunner } from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import { type ProcessLine, ProcessSupervisor } from "../../services/processes/ProcessSupervisor.ts"
import { type LifeOptions, makeProcessLife, reapPatience, stopGrace } from "./ProcessLife.ts"
import { makeStatusBoard } from "./StatusBoard.ts"

/** Lines that a slow reader may lag behind before it loses the oldest. */
const outputBacklog = 8_192
/** One stop takes at most this long, unless the kernel does not give the child back. */
const stopPatience = Duration.sum(stopGrace, Duration.sum(reapPatience, reapPatience))

/** At the end of the program these children could not be reaped. A defect: the program's exit code has to say it. */
export class UnreapedProcesses extends Schema.TaggedError<UnreapedProcesses>()("UnreapedProcesses", {
  pids: Schema.Array(Schema.Int)
}) {
  override get message(): string {
    return `these processes could not be reaped and may still run: pid ${this.pids.join(", ")}`
  }
}

interface Slot {
  readonly spec: ProcessSpec
  readonly fiber: Fiber.Fiber<unknown>
}

const make = Effect.fnUntraced(function*(options: LifeOptions) {
  const board = yield* makeStatusBoard
  const listeners = new Set<(line: ProcessLine) => void>()
  const life = yield* makeProcessLife(board, (line) => {
    for (const listener of listeners) listener(line)
  }, options)
  const oneApply = yield* Semaphore.make(1)
  const slots = new Map<string, Slot>()
  /** Fibers that end once the process of an id is stopped, reaped and off the board. */
  const stopping = new Map<string, Fiber.Fiber<void>>()
  const givenUp = new Set<string>()

  // Detached, because a scope would wait for a child in D state for ever. The finalizer waits for them, with a bound.
  const beginStop = (id: string) =>
    Effect.gen(function*() {
      const slot = slots.get(id)
      if (slot === undefined) return
      slots.delete(id)
      const stopped = Fiber.interrupt(slot.fiber).pipe(
        // In the trace of the change that stops it; the fiber itself belongs to the one that started it.
        Effect.withSpan("ProcessSupervisor.stop", { attributes: { "process.id": id, profile: slot.spec.profile } }),
        Effect.andThen(board.remove(id)),
        Effect.andThen(Effect.sync(() => stopping.delete(id) && givenUp.delete(id))),
        Effect.asVoid
      )
      stopping.set(id, yield* Effect.forkDetach(stopped, { startImmediately: true }))
    }).pipe(Effect.uninterruptible)

  const begin = (spec: ProcessSpec) =>
    Effect.gen(function*() {
      const predecessor = stopping.get(spec.id)
      const lifetime = predecessor === undefined
        ? life.keepRunning(spec)
        : Effect.andThen(Fiber.await(predecessor), life.keepRunning(spec))
      slots.set(spec.id, { spec, fiber: yield* Effect.forkDetach(lifetime, { startImmediately: true }) })
    }).pipe(Effect.uninterruptible)

  // A child that cannot be reaped keeps its own id; it must not keep the others waiting, and not more than once.
  const awaitStops = Effect.suspend(() =>
    Fiber.awaitAll([...stopping].flatMap(([id, fiber]) => givenUp.has(id) ? [] : [fiber]))
  ).pipe(
    Effect.timeoutOption(stopPatience),
    Effect.map((inTime) => {
      if (Option.isNone(inTime)) { for (const id of stopping.keys()) givenUp.add(id) }
    })
  )

  const apply = Effect.fn("ProcessSupervisor.apply")(function*(desired: ReadonlyArray<ProcessSpec>) {
    const running = new Map([...slots].map(([id, slot]) => [id, slot.spec]))
    const { starts, stops } = applyOrder(running, desired)
    yield* Effect.annotateCurrentSpan({ stops: stops.flat(), starts: starts.map((spec) => spec.id) })
    for (const group of stops) {
      yield* Effect.forEach(group, beginStop, { discard: true })
      yield* awaitStops
    }
    // An apply that was interrupted may have left stops under way that are not in this one's order.
    yield* awaitStops
    yield* Effect.forEach(starts, begin, { discard: true })
  }, (effect) => oneApply.withPermit(effect))

  const shutdown = Effect.gen(function*() {
    const inTime = yield* apply([]).pipe(Effect.timeoutOption(stopGrace))
    if (Option.isSome(inTime) && stopping.size === 0) return
    yield* Effect.forEach([...slots.keys()], beginStop, { discard: true })
    yield* life.killAll
    yield* Effect.suspend(() => Fiber.awaitAll([...stopping.values()])).pipe(Effect.timeoutOption(reapPatience))
    const pids = life.pids()
    if (pids.length > 0) return yield* Effect.die(new UnreapedProcesses({ pids }))
  }).pipe(Effect.withSpan("ProcessSupervisor.shutdown"))
  yield* Effect.addFinalizer(() => shutdown)

  const output = Stream.callback<ProcessLine>(
    (queue) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const listener = (line: ProcessLine) => void Queue.offerUnsafe(queue, line)
          listeners.add(listener)
          return listener
        }),
        (listener) => Effect.sync(() => listeners.delete(listener))
      ),
    { bufferSize: outputBacklog, strategy: "sliding" }
  )
  return ProcessSupervisor.of({ apply, statuses: board.statuses, output })
})

/** Closing the layer stops everything, dependants first, in at most 5 s, then by SIGKILL. */
export const layer = (options: LifeOptions): Layer.Layer<ProcessSupervisor, never, ProcessRunner> =>
  Layer.effect(ProcessSupervisor, make(options))
