/**
 * The supervisor: one fiber per process, over any `ProcessRunner`. `apply` compares by value, interrupts the fibers
 * of what has to go (dependants first), waits until they are reaped and forks the new ones (ProcessSlots); a fiber is a
 * lifetime (ProcessLife), so its end is the child's end. It knows no program: which line means "ready" is told to it.
 */
import { Effect, Layer, Option, Queue, Schema, Semaphore, Stream } from "effect"
import { applyOrder } from "../../services/processes/ApplyOrder.ts"
import type { ProcessRunner } from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import { type ProcessLine, ProcessSupervisor } from "../../services/processes/ProcessSupervisor.ts"
import type { ProgramKnowledge } from "../../services/processes/ProgramKnowledge.ts"
import { makeProcessLife } from "./ProcessLife.ts"
import { makeProcessSlots } from "./ProcessSlots.ts"
import { makeStatusBoard } from "./StatusBoard.ts"
import { reapPatience, stopGrace } from "./StopProcess.ts"

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

const make = Effect.fnUntraced(function*(knowledge: ProgramKnowledge) {
  const board = yield* makeStatusBoard
  const { listeners, output } = makeOutput()
  const life = yield* makeProcessLife(board, (line) => {
    for (const listener of listeners) listener(line)
  }, knowledge)
  const slots = makeProcessSlots(board, life.keepRunning)
  const oneApply = yield* Semaphore.make(1)

  const apply = Effect.fn("ProcessSupervisor.apply")(function*(desired: ReadonlyArray<ProcessSpec>) {
    const { starts, stops } = applyOrder(slots.specs(), desired)
    // What dies by itself while its dependants stop must not come back for that moment.
    yield* board.hold(stops.flat())
    yield* Effect.annotateCurrentSpan({ stops: stops.flat(), starts: starts.map((spec) => spec.id) })
    // An apply that was interrupted may have left stops under way, of dependants of what stops now.
    yield* slots.awaitStops
    for (const group of stops) {
      yield* Effect.forEach(group, slots.beginStop, { discard: true })
      yield* slots.awaitStops
    }
    yield* board.hold([])
    yield* Effect.forEach(starts, slots.begin, { discard: true })
  }, (effect) => oneApply.withPermit(effect))

  const shutdown = Effect.gen(function*() {
    const inTime = yield* apply([]).pipe(Effect.timeoutOption(stopGrace))
    if (Option.isSome(inTime) && slots.isStill()) return
    yield* Effect.forEach([...slots.specs().keys()], slots.beginStop, { discard: true })
    yield* life.killAll
    yield* slots.awaitAllStops.pipe(Effect.timeoutOption(reapPatience))
    const pids = life.pids()
    if (pids.length > 0) return yield* Effect.die(new UnreapedProcesses({ pids }))
  }).pipe(Effect.withSpan("ProcessSupervisor.shutdown"))
  yield* Effect.addFinalizer(() => shutdown)
  return ProcessSupervisor.of({ apply, retryNow: life.wake, statuses: board.statuses, output })
})

/** Lines go to every listener as they come; a stream of them is such a listener. */
const makeOutput = () => {
  const listeners = new Set<(line: ProcessLine) => void>()
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
  return { listeners, output }
}

/** Closing the layer stops everything, dependants first, in at most 5 s, then by SIGKILL. */
export const layer = (knowledge: ProgramKnowledge): Layer.Layer<ProcessSupervisor, never, ProcessRunner> =>
  Layer.effect(ProcessSupervisor, make(knowledge))
