/**
 * The supervisor: one fiber per process, with any `ProcessRunner`. `apply` compares specs by value, interrupts the
 * fibers of processes that must go (dependants first), waits until these are reaped, and forks fibers for the new ones
 * (ProcessSlots). A fiber is the life of a process (ProcessLife), so when the fiber has ended, the process has ended.
 * It knows no program: ProgramKnowledge says which line means "ready".
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

/** How many lines a slow reader may be behind before it loses the oldest. */
const outputBacklog = 8_192

/**
 * Some children could not be reaped at the end of the program. It is a defect, so that the program's exit code shows
 * it.
 */
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
    // A process that dies by itself while its dependants are stopped must not be started again for that moment.
    yield* board.hold(stops.flat())
    yield* Effect.annotateCurrentSpan({ stops: stops.flat(), starts: starts.map((spec) => spec.id) })
    // An interrupted apply may still be stopping dependants of what must stop now.
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
  const stop = yield* Effect.cached(shutdown)
  yield* Effect.addFinalizer(() => stop)
  return ProcessSupervisor.of({ apply, stop, retryNow: life.wake, statuses: board.statuses, output })
})

/** Lines go to every listener as they arrive. Each stream of lines is such a listener. */
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

/** When the layer is closed, everything stops, dependants first, within 5 s; then SIGKILL follows. */
export const layer = (knowledge: ProgramKnowledge): Layer.Layer<ProcessSupervisor, never, ProcessRunner> =>
  Layer.effect(ProcessSupervisor, make(knowledge))
