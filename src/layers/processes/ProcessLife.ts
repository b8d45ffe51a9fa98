/**
 * The life of one supervised process: wait for what it runs after, start, become ready, die, start again; and the
 * way it is stopped. The supervisor forks one such life per process; interrupting it stops the child and waits.
 */
import { Clock, Deferred, Duration, Effect, Exit, Option, Random } from "effect"
import { type ProcessExit, ProcessRunner, type RunningProcess } from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec, Program } from "../../services/processes/ProcessSpec.ts"
import type { ProcessLine } from "../../services/processes/ProcessSupervisor.ts"
import { healthyAfter, restartDelay } from "../../services/processes/RestartPolicy.ts"
import type { StatusBoard } from "./StatusBoard.ts"

export interface LifeOptions {
  /** True for the line by which a program shows that it works. */
  readonly becomesReady: (program: Program, line: string) => boolean
}

/** How long a child may take to obey SIGTERM. */
export const stopGrace = Duration.seconds(5)
/** How long the kernel may take to reap after SIGKILL before the child is called unreapable. */
export const reapPatience = Duration.seconds(1)
/** One stop takes at most this long, unless the kernel does not give the child back. */
export const stopPatience = Duration.sum(stopGrace, Duration.sum(reapPatience, reapPatience))
const readyPatience = Duration.seconds(30)
const longestExitText = 200

/** One exec of a process. */
interface Run {
  readonly process: RunningProcess
  readonly ready: Deferred.Deferred<void>
  readonly lastLine: () => string
  readonly lastStderr: () => string
}

interface Death {
  readonly lastExit: string
  /** Zero when it never was ready. */
  readonly readyFor: Duration.Duration
}

export const makeProcessLife = Effect.fnUntraced(function*(
  board: StatusBoard,
  publish: (line: ProcessLine) => void,
  options: LifeOptions
) {
  const runner = yield* ProcessRunner
  const live = new Map<number, RunningProcess>()

  const start = Effect.fn("ProcessLife.start")(function*(spec: ProcessSpec, run: number) {
    yield* Effect.annotateCurrentSpan({ "process.id": spec.id, profile: spec.profile })
    const ready = yield* Deferred.make<void>()
    let lastLine = ""
    let lastStderr = ""
    const process = yield* runner.start(spec, (line) => {
      lastLine = line.text
      if (line.stream === "stderr") lastStderr = line.text
      if (!Deferred.isDoneUnsafe(ready) && options.becomesReady(spec.program, line.text)) {
        Deferred.doneUnsafe(ready, Effect.void)
      }
      publish({ ...line, spec, run })
    })
    live.set(process.pid, process)
    yield* board.update(spec.id, { pid: process.pid, run })
    yield* Effect.annotateCurrentSpan({ pid: process.pid })
    yield* Effect.logInfo("process started").pipe(Effect.annotateLogs({ pid: process.pid }))
    return { process, ready, lastLine: () => lastLine, lastStderr: () => lastStderr } satisfies Run
  })

  /** Says on the board when the process is ready, or why it is not yet; gives the time since it is. */
  const awaitReadiness = Effect.fn("ProcessLife.ready")(function*(spec: ProcessSpec, { lastLine, ready }: Run) {
    const inTime = yield* Deferred.await(ready).pipe(Effect.timeoutOption(readyPatience))
    if (Option.isNone(inTime)) {
      const reason = `not ready after ${Duration.format(readyPatience)}, last line: ${lastLine() || "(none)"}`
      yield* board.update(spec.id, { reason })
      yield* Effect.logWarning("process is not ready").pipe(Effect.annotateLogs({ reason }))
      yield* Deferred.await(ready)
    }
    yield* board.update(spec.id, { state: "Running", reason: undefined })
  })

  const stop = Effect.fnUntraced(function*(spec: ProcessSpec, { process }: Run) {
    yield* board.update(spec.id, { state: "Stopping" })
    yield* process.signal("SIGTERM")
    if (Option.isSome(yield* process.exit.pipe(Effect.timeoutOption(stopGrace)))) return
    yield* process.signal("SIGKILL")
    if (Option.isSome(yield* process.exit.pipe(Effect.timeoutOption(reapPatience)))) return
    // A child in D state: it keeps its id, and nobody starts a second one beside it.
    const reason = `pid ${process.pid} cannot be reaped`
    yield* board.update(spec.id, { reason })
    yield* Effect.logError("process cannot be reaped").pipe(Effect.annotateLogs({ pid: process.pid }))
    yield* process.exit
  })

  /** One exec, from the start to the reap; stops the child when it is interrupted. */
  const runOnce = (spec: ProcessSpec, run: number): Effect.Effect<Death> =>
    Effect.acquireUseRelease(
      start(spec, run),
      (child) =>
        Effect.gen(function*() {
          let readyAt: bigint | undefined
          const readiness = Effect.gen(function*() {
            yield* awaitReadiness(spec, child)
            readyAt = yield* Clock.monotonicTimeNanos
            yield* Effect.sleep(healthyAfter)
            yield* board.update(spec.id, { deaths: 0 })
            return yield* Effect.never
          })
          const exit = yield* Effect.raceFirst(child.process.exit, readiness)
          const now = yield* Clock.monotonicTimeNanos
          const lastExit = exitText(exit, child.lastStderr())
          yield* Effect.logWarning("process ended").pipe(Effect.annotateLogs({ pid: child.process.pid, lastExit }))
          return { lastExit, readyFor: Duration.nanos(readyAt === undefined ? 0n : now - readyAt) }
        }),
      (child, exit) =>
        (Exit.isSuccess(exit) ? Effect.void : stop(spec, child)).pipe(
          Effect.andThen(Effect.sync(() => live.delete(child.process.pid))),
          Effect.andThen(board.update(spec.id, { pid: undefined }))
        )
    ).pipe(
      Effect.catchTag("ProcessStartError", (error) =>
        Effect.logWarning(error.message).pipe(
          Effect.as({ lastExit: error.message.slice(0, longestExitText), readyFor: Duration.zero })
        )),
      // A bug must not end a life: the process would be taken for running, and nobody would start it again.
      Effect.catchDefect((defect) =>
        Effect.logError("a start failed by a defect", defect).pipe(
          Effect.as({ lastExit: `a defect: ${String(defect)}`.slice(0, longestExitText), readyFor: Duration.zero })
        )
      )
    )

  /** Never ends by itself. */
  const keepRunning = Effect.fnUntraced(
    function*(spec: ProcessSpec) {
      let run = 0
      let deaths = 0
      let restarts = 0
      let lastExit: string | undefined
      const starting = (reason?: string) =>
        board.put({ id: spec.id, spec, state: "Starting", restarts, deaths, pid: undefined, run, lastExit, reason })
      while (true) {
        yield* starting(spec.after.length === 0 ? undefined : `waits for ${spec.after.join(", ")}`)
        yield* board.awaitReady(spec.after)
        yield* starting()
        run += 1
        const life = runOnce(spec, run)
        const death = yield* Effect.raceFirst(
          // Only the first start belongs to the trace of the change that asked for it.
          run === 1 ? life : Effect.withSpan(life, "ProcessLife.restart", { root: true }),
          Effect.as(board.awaitLost(spec.after), undefined)
        )
        if (death === undefined) continue
        restarts += 1
        deaths = Duration.isGreaterThanOrEqualTo(death.readyFor, healthyAfter) ? 1 : deaths + 1
        lastExit = death.lastExit
        yield* board.update(spec.id, { state: "BackOff", restarts, deaths, lastExit, reason: undefined })
        // A dependant that cannot be reaped must not keep this one down.
        yield* board.awaitDependantsDown(spec.id).pipe(Effect.timeoutOption(stopPatience))
        yield* Effect.sleep(restartDelay(deaths, yield* Random.next))
      }
    },
    (effect, spec) => Effect.annotateLogs(effect, { process: spec.id, profile: spec.profile })
  )

  /** Signals SIGKILL to every group that is alive and gives the pids. */
  const killAll: Effect.Effect<ReadonlyArray<number>> = Effect.suspend(() =>
    Effect.forEach([...live.values()], (process) => Effect.as(process.signal("SIGKILL"), process.pid))
  )
  return { keepRunning, killAll, pids: () => [...live.keys()] }
})

const exitText = (exit: ProcessExit, stderr: string): string => {
  const how = "code" in exit ? `exit code ${exit.code}` : exit.signal
  return stderr === "" ? how : `${how}: ${stderr}`.slice(0, longestExitText)
}
