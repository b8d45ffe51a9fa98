/**
 * The life of one supervised process: wait for what it runs after, start, become ready, die, start again; and the
 * way it is stopped. The supervisor forks one such life per process; interrupting it stops the child and waits.
 */
import { Clock, Deferred, Duration, Effect, Exit, Option, Random } from "effect"
import {
  type OutputLine,
  type ProcessExit,
  ProcessRunner,
  type RunningProcess
} from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import { newProcessStatus, type ProcessLine } from "../../services/processes/ProcessSupervisor.ts"
import type { ProgramKnowledge } from "../../services/processes/ProgramKnowledge.ts"
import { healthyAfter, restartDelay } from "../../services/processes/RestartPolicy.ts"
import { makeProcessHealth, type Run } from "./ProcessHealth.ts"
import type { StatusBoard } from "./StatusBoard.ts"

/** How long a child may take to obey SIGTERM. */
export const stopGrace = Duration.seconds(5)
/** How long the kernel may take to reap after SIGKILL before the child is called unreapable. */
export const reapPatience = Duration.seconds(1)
/** One stop takes at most this long, unless the kernel does not give the child back. */
export const stopPatience = Duration.sum(stopGrace, Duration.sum(reapPatience, reapPatience))
const longestExitText = 200
/** What a program says when it ends at its start, a usage text included. */
const linesKept = 40

interface Death {
  readonly lastExit: string
  readonly isConfigurationError: boolean
  /** Zero when it never was ready. */
  readonly readyFor: Duration.Duration
}

export const makeProcessLife = Effect.fnUntraced(function*(
  board: StatusBoard,
  publish: (line: ProcessLine) => void,
  knowledge: ProgramKnowledge
) {
  const runner = yield* ProcessRunner
  const health = makeProcessHealth(board, knowledge)
  const live = new Map<number, RunningProcess>()
  /** Processes in back-off. */
  const sleepers = new Map<ProcessSpec, Deferred.Deferred<void>>()

  const start = Effect.fn("ProcessLife.start")(function*(spec: ProcessSpec, run: number) {
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
    yield* board.update(spec.id, { pid: process.pid, run })
    yield* Effect.annotateCurrentSpan({ pid: process.pid })
    yield* Effect.logInfo("process started").pipe(Effect.annotateLogs({ pid: process.pid }))
    return { process, ready, lines: () => lines, startedAt: yield* Clock.monotonicTimeNanos }
  })

  const stop = Effect.fnUntraced(function*(spec: ProcessSpec, { process }: Run) {
    yield* board.update(spec.id, { state: "Stopping", reason: undefined })
    yield* process.signal("SIGTERM")
    if (Option.isSome(yield* process.exit.pipe(Effect.timeoutOption(stopGrace)))) return
    yield* process.signal("SIGKILL")
    if (Option.isSome(yield* process.exit.pipe(Effect.timeoutOption(reapPatience)))) return
    // A child in D state: it keeps its id, and nobody starts a second one beside it.
    yield* board.complain(spec.id, "NotReaped", `pid ${process.pid} cannot be reaped`)
    yield* Effect.logError("process cannot be reaped").pipe(Effect.annotateLogs({ pid: process.pid }))
    yield* process.exit
  })

  /** One exec, from the start to the reap; stops the child when it is interrupted. */
  const runOnce = (spec: ProcessSpec, run: number, onHealthy: () => void): Effect.Effect<Death> =>
    Effect.acquireUseRelease(
      start(spec, run),
      (child) =>
        Effect.gen(function*() {
          let readyAt: bigint | undefined
          const onReady = Effect.gen(function*() {
            readyAt = yield* Clock.monotonicTimeNanos
            yield* Effect.sleep(healthyAfter)
            onHealthy()
            yield* board.update(spec.id, { deaths: 0 })
            return yield* Effect.never
          })
          const exit = yield* Effect.raceFirst(child.process.exit, health.follow(spec, child, onReady))
          const now = yield* Clock.monotonicTimeNanos
          const lines = child.lines()
          const lastExit = exitText(exit, knowledge.lastWords(lines))
          yield* Effect.logWarning("process ended").pipe(Effect.annotateLogs({ pid: child.process.pid, lastExit }))
          const lasted = Duration.nanos(now - child.startedAt)
          return {
            lastExit,
            isConfigurationError: knowledge.isConfigurationError({ program: spec.program, exit, lasted, lines }),
            readyFor: Duration.nanos(readyAt === undefined ? 0n : now - readyAt)
          }
        }),
      (child, exit) =>
        (Exit.isSuccess(exit) ? Effect.void : stop(spec, child)).pipe(
          Effect.andThen(Effect.sync(() => live.delete(child.process.pid))),
          Effect.andThen(board.update(spec.id, { pid: undefined }))
        )
    ).pipe(
      Effect.catchTag(
        "ProcessStartError",
        (error) => Effect.as(Effect.logWarning(error.message), notStarted(error.message))
      ),
      // A bug must not end a life: the process would be taken for running, and nobody would start it again.
      Effect.catchDefect((defect) =>
        Effect.as(Effect.logError("a start failed by a defect", defect), notStarted(`a defect: ${String(defect)}`))
      )
    )

  /** Never ends by itself. */
  const keepRunning = Effect.fnUntraced(
    function*(spec: ProcessSpec) {
      let run = 0
      let deaths = 0
      let restarts = 0
      let configurationErrors = 0
      yield* board.put(newProcessStatus(spec))
      const starting = (reason?: string) => board.update(spec.id, { state: "Starting", complaints: [], reason })
      while (true) {
        yield* starting(spec.after.length === 0 ? undefined : `waits for ${spec.after.join(", ")}`)
        yield* board.awaitStartable(spec)
        yield* starting()
        run += 1
        const life = runOnce(spec, run, () => {
          deaths = 0
        })
        const death = yield* Effect.raceFirst(
          // Only the first start belongs to the trace of the change that asked for it.
          run === 1 ? life : Effect.withSpan(life, "ProcessLife.restart", { root: true }),
          Effect.as(board.awaitLost(spec.after), undefined)
        )
        if (death === undefined) continue
        restarts += 1
        deaths = Duration.isGreaterThanOrEqualTo(death.readyFor, healthyAfter) ? 1 : deaths + 1
        configurationErrors = death.isConfigurationError ? configurationErrors + 1 : 0
        yield* board.update(spec.id, {
          state: "BackOff",
          restarts,
          deaths,
          configurationErrors,
          lastExit: death.lastExit,
          complaints: [],
          reason: undefined
        })
        // A dependant that cannot be reaped must not keep this one down.
        yield* board.awaitDependantsDown(spec.id).pipe(Effect.timeoutOption(stopPatience))
        yield* backOff(spec, restartDelay(deaths, yield* Random.next))
      }
    },
    (effect, spec) => Effect.annotateLogs(effect, { process: spec.id, profile: spec.profile })
  )

  /** Sleeps, unless the process is woken. */
  const backOff = Effect.fnUntraced(function*(spec: ProcessSpec, delay: Duration.Duration) {
    const woken = yield* Deferred.make<void>()
    sleepers.set(spec, woken)
    yield* Effect.raceFirst(Effect.sleep(delay), Deferred.await(woken)).pipe(
      Effect.ensuring(Effect.sync(() => sleepers.delete(spec)))
    )
  })

  /** Ends the back-off of what uses one of these interfaces. */
  const wake = (interfaces: ReadonlyArray<string>) =>
    Effect.forEach(
      [...sleepers].filter(([spec]) => spec.interfaces.some((nic) => interfaces.includes(nic))),
      ([, woken]) => Deferred.succeed(woken, undefined),
      { discard: true }
    )

  /** Signals SIGKILL to every group that is alive and gives the pids. */
  const killAll: Effect.Effect<ReadonlyArray<number>> = Effect.suspend(() =>
    Effect.forEach([...live.values()], (process) => Effect.as(process.signal("SIGKILL"), process.pid))
  )
  return { keepRunning, wake, killAll, pids: () => [...live.keys()] }
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
