/**
 * The supervisor: one fiber per process, over any `ProcessRunner`. `apply` compares by value, interrupts the fibers
 * of what has to go (dependants first), waits until they are reaped and forks the new ones; a fiber is a lifetime, so
 * its end is the child's end. It knows no program: which line means "ready" is told to it.
 */
import { Deferred, Effect, Fiber, Layer, Option, Queue, Schema, Semaphore, Stream } from "effect"
import { applyOrder } from "../../services/processes/ApplyOrder.ts"
import type { ProcessRunner } from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import { type ProcessLine, ProcessSupervisor } from "../../services/processes/ProcessSupervisor.ts"
import type { ProgramKnowledge } from "../../services/processes/ProgramKnowledge.ts"
import { makeProcessLife, reapPatience, stopGrace, stopPatience } from "./ProcessLife.ts"
import { makeStatusBoard } from "./StatusBoard.ts"

/** Lines that a slow reader may lag behind before it loses the oldest. */
const outputBacklog = 8_192

/** At the end of the program these children could not be reaped. A defect: the program's exit code has to say it. */
class UnreapedProcesses extends Schema.TaggedError<UnreapedProcesses>()("UnreapedProcesses", {
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

const make = Effect.fnUntraced(function*(knowledge: ProgramKnowledge) {
  const board = yield* makeStatusBoard
  const listeners = new Set<(line: ProcessLine) => void>()
  const life = yield* makeProcessLife(board, (line) => {
    for (const listener of listeners) listener(line)
  }, knowledge)
  const oneApply = yield* Semaphore.make(1)
  const slots = new Map<string, Slot>()
  /** Done once everything that ever ran under an id is stopped, reaped and off the board. */
  const stopping = new Map<string, Deferred.Deferred<void>>()
  const givenUp = new Set<string>()

  const beginStop = (id: string) =>
    Effect.gen(function*() {
      const slot = slots.get(id)
      if (slot === undefined) return
      slots.delete(id)
      // A slot that still waits for a predecessor is over at once; the predecessor is not.
      const predecessor = stopping.get(id)
      const stopped = yield* Deferred.make<void>()
      stopping.set(id, stopped)
      // Detached, because a scope would wait for a child in D state for ever. The finalizer waits, with a bound.
      yield* Fiber.interrupt(slot.fiber).pipe(
        // In the trace of the change that stops it; the fiber itself belongs to the one that started it.
        Effect.withSpan("ProcessSupervisor.stop", { attributes: { "process.id": id, profile: slot.spec.profile } }),
        Effect.andThen(predecessor === undefined ? Effect.void : Deferred.await(predecessor)),
        Effect.andThen(Effect.suspend(() => stopping.get(id) === stopped ? forget(id) : Effect.void)),
        Effect.andThen(Deferred.succeed(stopped, undefined)),
        Effect.forkDetach({ startImmediately: true })
      )
    }).pipe(Effect.uninterruptible)

  const forget = (id: string) => {
    stopping.delete(id)
    givenUp.delete(id)
    return board.remove(id)
  }

  const begin = (wanted: ProcessSpec) =>
    Effect.gen(function*() {
      // Each life has an object of its own: the same one may have run before, and counted its runs from 1 as well.
      const spec = { ...wanted }
      const predecessor = stopping.get(spec.id)
      const lifetime = predecessor === undefined
        ? life.keepRunning(spec)
        : Effect.andThen(Deferred.await(predecessor), life.keepRunning(spec))
      slots.set(spec.id, { spec, fiber: yield* Effect.forkDetach(lifetime, { startImmediately: true }) })
    }).pipe(Effect.uninterruptible)

  // A child that cannot be reaped keeps its own id; it must not keep the others waiting, and not more than once.
  const awaitStops = Effect.suspend(() =>
    Effect.forEach(
      [...stopping].filter(([id]) => !givenUp.has(id)),
      // Each apply would have a patience of its own: a burst of edits would keep the others waiting for as long.
      ([id, stopped]) => Effect.raceFirst(Deferred.await(stopped), board.awaitUnreapable(id)),
      { concurrency: "unbounded", discard: true }
    )
  ).pipe(
    Effect.timeoutOption(stopPatience),
    Effect.map((inTime) => {
      if (Option.isNone(inTime)) { for (const id of stopping.keys()) givenUp.add(id) }
    })
  )

  const apply = Effect.fn("ProcessSupervisor.apply")(function*(desired: ReadonlyArray<ProcessSpec>) {
    const running = new Map([...slots].map(([id, slot]) => [id, slot.spec]))
    const { starts, stops } = applyOrder(running, desired)
    // What dies by itself while its dependants stop must not come back for that moment.
    yield* board.hold(stops.flat())
    yield* Effect.annotateCurrentSpan({ stops: stops.flat(), starts: starts.map((spec) => spec.id) })
    // An apply that was interrupted may have left stops under way, of dependants of what stops now.
    yield* awaitStops
    for (const group of stops) {
      yield* Effect.forEach(group, beginStop, { discard: true })
      yield* awaitStops
    }
    yield* board.hold([])
    yield* Effect.forEach(starts, begin, { discard: true })
  }, (effect) => oneApply.withPermit(effect))

  const shutdown = Effect.gen(function*() {
    const inTime = yield* apply([]).pipe(Effect.timeoutOption(stopGrace))
    if (Option.isSome(inTime) && stopping.size === 0) return
    yield* Effect.forEach([...slots.keys()], beginStop, { discard: true })
    yield* life.killAll
    yield* Effect.forEach([...stopping.values()], (stopped) => Deferred.await(stopped), { concurrency: "unbounded" })
      .pipe(
        Effect.timeoutOption(reapPatience)
      )
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
  return ProcessSupervisor.of({ apply, retryNow: life.wake, statuses: board.statuses, output })
})

/** Closing the layer stops everything, dependants first, in at most 5 s, then by SIGKILL. */
export const layer = (knowledge: ProgramKnowledge): Layer.Layer<ProcessSupervisor, never, ProcessRunner> =>
  Layer.effect(ProcessSupervisor, make(knowledge))
