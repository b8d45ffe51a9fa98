/**
 * One run of a process, from its start until it is reaped. Interrupting it stops the process and waits for its end.
 * ProcessLife decides why and when there is another run.
 */
import { Clock, Deferred, Duration, Effect, Exit } from "effect"
import type {
  OutputLine,
  ProcessExit,
  ProcessRunner,
  ProcessStartError,
  RunningProcess
} from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import type { ProcessLine } from "../../services/processes/ProcessSupervisor.ts"
import type { ProgramKnowledge } from "../../services/processes/ProgramKnowledge.ts"
import { healthyAfter } from "../../services/processes/RestartPolicy.ts"
import { type ProcessHealth, type Run } from "./ProcessHealth.ts"
import type { StatusBoard } from "./StatusBoard.ts"
import { killAndReap, stopProcess } from "./StopProcess.ts"

const longestExitText = 200
/** Enough for the output of a program that ends at its start, including a usage text. */
const linesKept = 40
/** How often a device is tried that another daemon uses. */
const claimPeriod = Duration.seconds(1)

/** What the runs of all processes share. */
export interface Supervision {
  readonly runner: ProcessRunner["Service"]
  readonly board: StatusBoard
  readonly knowledge: ProgramKnowledge
  readonly health: ProcessHealth
  /** Passes a line on to all listeners. */
  readonly publish: (line: ProcessLine) => void
  /** Started processes that are not reaped, by pid. */
  readonly live: Map<number, RunningProcess>
}

/** How a run ended. */
export interface Death {
  readonly lastExit: string
  readonly isConfigurationError: boolean
  /** Zero if it was never ready. */
  readonly readyFor: Duration.Duration
}

interface StartedRun extends Run {
  readonly startedAt: bigint
}

/**
 * Run number `run` of a spec. `onHealthy` is called once the process was ready for long enough to reset its failure
 * count.
 */
export const runOnce = Effect.fnUntraced(function*(
  supervision: Supervision,
  spec: ProcessSpec,
  run: number,
  onHealthy: () => void
) {
  let refusal: string | undefined
  // A loop: another daemon may have the device for weeks.
  while (true) {
    const end = yield* tryRun(supervision, spec, run, onHealthy)
    if ("lastExit" in end) return end
    yield* tellClaimed(supervision.board, spec.id, end, refusal)
    refusal = end.detail
  }
})

/** Until it has died, or why it could not start for now. */
const tryRun = (
  supervision: Supervision,
  spec: ProcessSpec,
  run: number,
  onHealthy: () => void
): Effect.Effect<Death | ProcessStartError> =>
  Effect.acquireUseRelease(
    start(supervision, spec, run),
    (child) => liveUntilDeath(supervision, spec, child, onHealthy),
    ({ process }, exit) =>
      (Exit.isSuccess(exit) ? Effect.void : stopProcess(supervision.board, spec.id, process)).pipe(
        Effect.andThen(Effect.sync(() => supervision.live.delete(process.pid))),
        Effect.andThen(supervision.board.update(spec.id, { pid: undefined }))
      )
  ).pipe(
    Effect.catchTag(
      "ProcessStartError",
      (error): Effect.Effect<Death | ProcessStartError> =>
        error.reason === "DeviceClaimed"
          ? Effect.succeed(error)
          : Effect.as(Effect.logWarning(error.message), notStarted(error.message))
    ),
    // A bug must not end a life: the process would be taken for running, and nobody would start it again.
    Effect.catchDefect((defect) =>
      Effect.as(Effect.logError("a start failed by a defect", defect), notStarted(`a defect: ${String(defect)}`))
    )
  )

/** It is neither a death nor a mistake: the process waits for the other daemon, and starts when that one ends. */
const tellClaimed = Effect.fnUntraced(function*(
  board: StatusBoard,
  id: string,
  error: ProcessStartError,
  refusal: string | undefined
) {
  if (error.detail !== refusal) yield* Effect.logWarning(error.message)
  yield* board.update(id, { reason: error.detail })
  yield* board.complain(id, "DeviceClaimed", error.detail)
  yield* Effect.sleep(claimPeriod)
})

const start = Effect.fn("ProcessLife.start")(function*(
  { board, knowledge, live, publish, runner }: Supervision,
  spec: ProcessSpec,
  run: number
) {
  yield* Effect.annotateCurrentSpan({ "process.id": spec.id, profile: spec.profile })
  const ready = yield* Deferred.make<void>()
  const lines: Array<OutputLine> = []
  const process = yield* runner.start(spec, (line) => {
    lines.push(line)
    if (lines.length > linesKept) lines.shift()
    if (!Deferred.isDoneUnsafe(ready) && knowledge.becomesReady(spec.program, line.text)) {
      Deferred.doneUnsafe(ready, Effect.void)
    }
    publish({ ...line, spec, run })
  })
  live.set(process.pid, process)
  yield* board.update(spec.id, { pid: process.pid, run, reason: undefined })
  yield* board.complain(spec.id, "DeviceClaimed", undefined)
  yield* Effect.annotateCurrentSpan({ pid: process.pid })
  yield* Effect.logInfo("process started").pipe(Effect.annotateLogs({ pid: process.pid }))
  return { process, ready, lines: () => lines, startedAt: yield* Clock.monotonicTimeNanos }
})

const liveUntilDeath = Effect.fnUntraced(function*(
  { board, health, knowledge }: Supervision,
  spec: ProcessSpec,
  child: StartedRun,
  onHealthy: () => void
) {
  let readyAt: bigint | undefined
  const onReady = Effect.gen(function*() {
    readyAt = yield* Clock.monotonicTimeNanos
    yield* Effect.sleep(healthyAfter)
    onHealthy()
    yield* board.update(spec.id, { deaths: 0 })
    return yield* Effect.never
  })
  let hung: string | undefined
  const hang = Effect.flatMap(health.follow(spec, child, onReady), (seen) => {
    hung = seen
    return endHung(board, spec.id, child.process, seen)
  })
  const exit = yield* Effect.raceFirst(child.process.exit, hang)
  const now = yield* Clock.monotonicTimeNanos
  const lines = child.lines()
  const lastExit = exitText(exit, hung ?? knowledge.lastWords(lines))
  yield* Effect.logWarning("process ended").pipe(Effect.annotateLogs({ pid: child.process.pid, lastExit }))
  const lasted = Duration.nanos(now - child.startedAt)
  return {
    lastExit,
    isConfigurationError: knowledge.isConfigurationError({ program: spec.program, exit, lasted, lines }),
    readyFor: Duration.nanos(readyAt === undefined ? 0n : now - readyAt)
  }
})

/** It would not obey SIGTERM. What depends on it stops because its state is not Running any more. */
const endHung = Effect.fnUntraced(function*(board: StatusBoard, id: string, process: RunningProcess, hung: string) {
  yield* Effect.logWarning("process hangs and is killed").pipe(Effect.annotateLogs({ pid: process.pid, reason: hung }))
  yield* board.update(id, { state: "Stopping", reason: hung })
  return yield* killAndReap(board, id, process)
})

const notStarted = (why: string): Death => ({
  lastExit: why.slice(0, longestExitText),
  isConfigurationError: false,
  readyFor: Duration.zero
})

const exitText = (exit: ProcessExit, lastWords: string): string => {
  const how = "code" in exit ? `exit code ${exit.code}` : exit.signal
  return lastWords === "" ? how : `${how}: ${lastWords}`.slice(0, longestExitText)
}
