/**
 * A ProcessRunner without real processes: the linuxptp of a simulated node. It prints what the real programs would
 * print, on Effect's clock, without NIC, root or kernel. The demo and tests use it. Files are read from the spec and
 * never written.
 */
import { Clock, Context, Deferred, Duration, Effect, Exit, Layer, Option, Random } from "effect"
import {
  type ManagementAnswer,
  ManagementClient,
  type ManagementNews
} from "../../../services/linuxptp/ManagementClient.ts"
import {
  type OutputLine,
  type ProcessExit,
  ProcessRunner,
  type RunningProcess,
  type Scheduling
} from "../../../services/processes/ProcessRunner.ts"
import type { ManagementSocket, ProcessSpec } from "../../../services/processes/ProcessSpec.ts"
import { SimulatedNetwork } from "./SimulatedNetwork.ts"
import type { Moment, Ptp4lAnswer, SimulatedProgram } from "./SimulatedProgram.ts"
import { type Installation, startProgram } from "./StartProgram.ts"

/** A running process and the present state of its program. */
interface Slot {
  program: SimulatedProgram
}

const nanosInMilli = 1e6
const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / nanosInMilli)

/** The management sockets by path. As with real sockets, the last process that opens a path gets it. */
const makeSockets = () => {
  const holders = new Map<string, Slot>()
  return {
    answer: (path: string) => holders.get(path)?.program.answer(),
    /** The sockets belong to the program until `life` ends. */
    heldFor: <A>(slot: Slot, life: Effect.Effect<A>) =>
      Effect.acquireUseRelease(
        Effect.sync(() => slot.program.sockets.forEach((path) => holders.set(path, slot))),
        () => life,
        () =>
          Effect.sync(() => {
            for (const path of slot.program.sockets) if (holders.get(path) === slot) holders.delete(path)
          })
      )
  }
}

/** Runs the program of `slot` until it ends by itself. `lookAt` makes the moment that the program sees at a time. */
const run = Effect.fnUntraced(
  function*(slot: Slot, lookAt: (now: number) => Effect.Effect<Moment>, onLine: (line: OutputLine) => void) {
    while (true) {
      const now = yield* monotonicMillis
      const step = slot.program.step(yield* lookAt(now))
      slot.program = step.next
      step.lines.forEach(onLine)
      if (step.exitCode !== undefined) return { code: step.exitCode }
      yield* Effect.sleep(Duration.millis(Math.ceil(step.wakeAt - now)))
    }
  }
)

const make = Effect.fnUntraced(function*(installation: Installation) {
  const network = yield* SimulatedNetwork
  const random = yield* Random.Random
  const scope = yield* Effect.scope
  const sockets = makeSockets()
  const world = { ask: sockets.answer, draw: () => random.nextDoubleUnsafe(), newPid: network.newPid }
  const lookAt = (now: number) => Effect.map(network.node(installation.nodeName), (node) => ({ ...world, node, now }))

  /** From the start to the exit. The program itself, a signal, or the end of the layer may cause the exit. */
  const live = (slot: Slot, signalled: Deferred.Deferred<ProcessExit>, onLine: (line: OutputLine) => void) =>
    sockets.heldFor(slot, Effect.raceFirst(Deferred.await(signalled), run(slot, lookAt, onLine))).pipe(
      Effect.tap((exit) =>
        isPolite(exit) ? Effect.map(monotonicMillis, (now) => slot.program.farewell(now).forEach(onLine)) : Effect.void
      )
    )

  const start = Effect.fnUntraced(function*(spec: ProcessSpec, onLine: (line: OutputLine) => void) {
    const slot: Slot = { program: startProgram(spec, installation) }
    const signalled = yield* Deferred.make<ProcessExit>()
    const ended = yield* Deferred.make<ProcessExit>()
    const kill = Effect.asVoid(Deferred.succeed(signalled, { signal: "SIGKILL" }))
    const known = { node: installation.nodeName, id: spec.id, kill }
    yield* network.admit(known)
    yield* live(slot, signalled, onLine).pipe(
      Effect.onExit((exit) =>
        Effect.andThen(
          network.dismiss(known),
          Deferred.succeed(ended, Exit.isSuccess(exit) ? exit.value : { signal: "SIGKILL" })
        )
      ),
      Effect.forkIn(scope)
    )
    return {
      pid: network.newPid(),
      scheduling: Effect.succeed(schedulingOf(spec)),
      // Simulated programs never hang.
      vitals: Effect.succeed(undefined),
      exit: Deferred.await(ended),
      signal: (signal) => signal === "SIGKILL" ? kill : Effect.asVoid(Deferred.succeed(signalled, { code: 0 }))
    } satisfies RunningProcess
  }, Effect.uninterruptible)

  const ask = (socket: ManagementSocket) =>
    Effect.sync(() => Option.map(Option.fromUndefinedOr(sockets.answer(socket.path)), described))
  const isReachable = ({ path }: ManagementSocket) => Effect.sync(() => sockets.answer(path) !== undefined)
  const follow = (socket: ManagementSocket, tell: (news: ManagementNews) => void) =>
    Effect.all([ask(socket), Clock.monotonicTimeNanos]).pipe(
      Effect.map(([answer, now]) =>
        tell(Option.match(answer, {
          onNone: (): ManagementNews => ({ kind: "silent", askedAt: now }),
          onSome: (told): ManagementNews => ({ kind: "told", answer: told, heardAt: now })
        }))
      ),
      Effect.andThen(Effect.sleep("1 second")),
      Effect.forever
    )
  return Context.make(ProcessRunner, { start }).pipe(
    Context.add(ManagementClient, { isAvailable: true, ask, follow, isReachable })
  )
})

const schedulingOf = ({ fifoPriority }: ProcessSpec): Scheduling =>
  fifoPriority === undefined
    ? { policy: "SCHED_OTHER", priority: 0 }
    : { policy: "SCHED_FIFO", priority: fifoPriority }

/** The quality of a clock is not simulated. */
const described = ({ grandmaster, ports, sample }: Ptp4lAnswer): ManagementAnswer => ({
  ports: ports.map(({ state }, index) => ({ number: index + 1, state })),
  clockClass: undefined,
  grandmaster: { identity: grandmaster },
  sample: sample === undefined
    ? { offsetNs: 0, ingressTime: 0n }
    : { offsetNs: sample.offsetNs, ingressTime: BigInt(Math.round(sample.ingressTime * nanosInMilli)) },
  ...(sample === undefined ? {} : { current: { stepsRemoved: 1, pathDelayNs: sample.delayNs } })
})

/** All linuxptp programs end with exit code 0 after SIGTERM. */
const isPolite = (exit: ProcessExit): boolean => "code" in exit && exit.code === 0

/** The processes of one node in the simulated network. They end with the layer. */
export const layer = (
  installation: Installation
): Layer.Layer<ProcessRunner | ManagementClient, never, SimulatedNetwork> => Layer.effectContext(make(installation))
