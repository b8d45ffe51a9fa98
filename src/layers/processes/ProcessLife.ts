/**
 * The life of one supervised process: wait for the processes that it depends on, run, die, pause, and run again. The
 * supervisor forks one such fiber per process. Interrupting the fiber stops the process and waits for its end.
 */
import { Deferred, Duration, Effect, Random } from "effect"
import { ProcessRunner, type RunningProcess } from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import { newProcessStatus, type ProcessLine } from "../../services/processes/ProcessSupervisor.ts"
import type { ProgramKnowledge } from "../../services/processes/ProgramKnowledge.ts"
import { healthyAfter, restartDelay } from "../../services/processes/RestartPolicy.ts"
import { makeProcessHealth } from "./ProcessHealth.ts"
import { runOnce, type Supervision } from "./ProcessRun.ts"
import type { StatusBoard } from "./StatusBoard.ts"
import { stopPatience } from "./StopProcess.ts"

/** Processes in back-off. Completing the Deferred wakes one. */
type Sleepers = Map<ProcessSpec, Deferred.Deferred<void>>

export const makeProcessLife = Effect.fnUntraced(function*(
  board: StatusBoard,
  publish: (line: ProcessLine) => void,
  knowledge: ProgramKnowledge
) {
  const live = new Map<number, RunningProcess>()
  const sleepers: Sleepers = new Map()
  const supervision: Supervision = {
    runner: yield* ProcessRunner,
    board,
    knowledge,
    health: makeProcessHealth(board, knowledge),
    publish,
    live
  }
  return {
    /** Never ends by itself. */
    keepRunning: (spec: ProcessSpec) => keepRunning(supervision, sleepers, spec),
    /** Ends the back-off of processes that use one of these interfaces. */
    wake: (interfaces: ReadonlyArray<string>) =>
      Effect.forEach(
        [...sleepers].filter(([spec]) => spec.interfaces.some((nic) => interfaces.includes(nic))),
        ([, woken]) => Deferred.succeed(woken, undefined),
        { discard: true }
      ),
    /** Sends SIGKILL to every process group that is alive. */
    killAll: Effect.suspend(() =>
      Effect.forEach([...live.values()], (process) => process.signal("SIGKILL"), { discard: true })
    ),
    /** The pids of processes that are not reaped. */
    pids: () => [...live.keys()]
  }
})

const keepRunning = Effect.fnUntraced(
  function*(supervision: Supervision, sleepers: Sleepers, spec: ProcessSpec) {
    const { board } = supervision
    let run = 0
    let deaths = 0
    let restarts = 0
    let configurationErrors = 0
    yield* board.put(newProcessStatus(spec))
    const starting = (reason?: string) =>
      board.update(spec.id, { state: "Starting", complaints: [], isStalled: false, reason })
    while (true) {
      yield* starting(spec.after.length === 0 ? undefined : `waits for ${spec.after.join(", ")}`)
      yield* board.awaitStartable(spec)
      yield* starting()
      run += 1
      const once = runOnce(supervision, spec, run, () => {
        deaths = 0
      })
      const death = yield* Effect.raceFirst(
        // Only the first start belongs to the trace of the change that asked for it.
        run === 1 ? once : Effect.withSpan(once, "ProcessLife.restart", { root: true }),
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
        isStalled: false,
        reason: undefined
      })
      // A dependant that cannot be reaped must not keep this process from starting.
      yield* board.awaitDependantsDown(spec.id).pipe(Effect.timeoutOption(stopPatience))
      yield* backOff(sleepers, spec, restartDelay(deaths, yield* Random.next))
    }
  },
  (effect, _supervision, _sleepers, spec) => Effect.annotateLogs(effect, { process: spec.id, profile: spec.profile })
)

/** Sleeps until the delay is over or the process is woken. */
const backOff = Effect.fnUntraced(function*(sleepers: Sleepers, spec: ProcessSpec, delay: Duration.Duration) {
  const woken = yield* Deferred.make<void>()
  sleepers.set(spec, woken)
  yield* Effect.raceFirst(Effect.sleep(delay), Deferred.await(woken)).pipe(
    Effect.ensuring(Effect.sync(() => sleepers.delete(spec)))
  )
})
