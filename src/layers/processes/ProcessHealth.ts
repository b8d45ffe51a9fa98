/**
 * Watches one run of a process: when it becomes ready, by its lines or by its answers, and what is wrong with it while
 * it runs. It changes nothing: a process that is late or silent is reported and not restarted, because a restart would
 * lose a lock that may still be good. Only a process that hangs ends the watch (ProcessVitality).
 */
import { Clock, Deferred, Duration, Effect, Option } from "effect"
import type { OutputLine, RunningProcess } from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import type { ProbeAnswer, ProgramKnowledge } from "../../services/processes/ProgramKnowledge.ts"
import { awaitHang, type Questions } from "./ProcessVitality.ts"
import type { StatusBoard } from "./StatusBoard.ts"

const readyPatience = Duration.seconds(30)
/**
 * How often a process is asked: the first period applies before it is ready and while it is silent, the second
 * otherwise.
 */
const impatientPeriod = Duration.seconds(1)
const probePeriod = Duration.seconds(5)
/** A ready process that has not answered for this long is reported. */
const silencePatience = Duration.seconds(5)

/** One run of a process. */
export interface Run {
  readonly process: RunningProcess
  readonly ready: Deferred.Deferred<void>
  /** The newest lines of both outputs, the oldest first. */
  readonly lines: () => ReadonlyArray<OutputLine>
}

export interface ProcessHealth {
  /**
   * Watches until the process hangs, and then says what was seen of it. `onReady` runs once the process is ready.
   */
  readonly follow: (spec: ProcessSpec, run: Run, onReady: Effect.Effect<never>) => Effect.Effect<string>
}

/** Writes the health of runs to the status board. */
export const makeProcessHealth = (board: StatusBoard, knowledge: ProgramKnowledge): ProcessHealth => {
  /** Writes to the status board when it becomes ready, or why it is not. */
  const awaitReadiness = Effect.fn("ProcessLife.ready")(function*(spec: ProcessSpec, { lines, ready }: Run) {
    const inTime = yield* Deferred.await(ready).pipe(Effect.timeoutOption(readyPatience))
    if (Option.isNone(inTime)) {
      const why = knowledge.whyNotReady(spec.program, lines().map(({ text }) => text))
      const text = `not ready after ${Duration.format(readyPatience)}: ${why}`
      yield* board.complain(spec.id, "NotReady", text)
      yield* Effect.logWarning("process is not ready").pipe(Effect.annotateLogs({ reason: text }))
      yield* Deferred.await(ready)
    }
    yield* board.complain(spec.id, "NotReady", undefined)
    yield* board.update(spec.id, { state: "Running", wasReady: true, reason: undefined })
  })

  /** chrt(1) may succeed and still be overruled, or a wrapper may lose the policy. Only the kernel knows. */
  const checkScheduling = Effect.fnUntraced(function*(spec: ProcessSpec, { process }: Run) {
    if (spec.fifoPriority === undefined) return
    const actual = yield* process.scheduling
    if (actual === undefined) return
    if (actual.policy === "SCHED_FIFO" && actual.priority === spec.fifoPriority) return
    const text = `runs with ${actual.policy} at priority ${actual.priority}, not SCHED_FIFO at ${spec.fifoPriority}`
    yield* board.complain(spec.id, "NotScheduled", text)
    yield* Effect.logWarning("process is not scheduled as wanted").pipe(Effect.annotateLogs({ reason: text }))
  })

  const follow: ProcessHealth["follow"] = (spec, run, onReady) => {
    const readiness = awaitReadiness(spec, run).pipe(
      Effect.andThen(checkScheduling(spec, run)),
      Effect.andThen(onReady)
    )
    const questions: Questions = { unansweredSince: undefined }
    const probe = knowledge.probe(spec)
    const asking = probe === undefined ? Effect.never : keepAsking(board, spec, run, probe, questions)
    const hang = awaitHang(board, {
      spec,
      process: run.process,
      questions,
      longestPause: knowledge.longestPause(spec)
    })
    return Effect.raceAllFirst([readiness, asking, hang])
  }
  return { follow }
}

/** Never ends. An answer can make the process ready. A later silence is reported until it answers again. */
const keepAsking = Effect.fnUntraced(function*(
  board: StatusBoard,
  spec: ProcessSpec,
  { ready }: Run,
  probe: Effect.Effect<ProbeAnswer>,
  questions: Questions
) {
  let answeredAt: bigint | undefined
  let silences = 0
  while (true) {
    const isReady = Deferred.isDoneUnsafe(ready)
    yield* Effect.sleep(isReady && silences === 0 && answeredAt !== undefined ? probePeriod : impatientPeriod)
    const answer = yield* probe
    const now = yield* Clock.monotonicTimeNanos
    const isAnswered = answer === "running" || answer === "ready"
    questions.unansweredSince = answer === "silent" ? questions.unansweredSince ?? now : undefined
    if (answer === "ready") yield* Deferred.succeed(ready, undefined)
    silences = isAnswered ? 0 : silences + 1
    if (isAnswered || (answeredAt === undefined && isReady)) answeredAt = now
    if (isAnswered) yield* board.complain(spec.id, "NotAnswering", undefined)
    // A single lost answer does not count.
    else if (
      silences > 1 && answeredAt !== undefined && now - answeredAt >= Duration.toNanosUnsafe(silencePatience)
    ) {
      const text = `does not answer on its management socket ${spec.management?.path ?? ""}`.trimEnd()
      yield* board.complain(spec.id, "NotAnswering", text)
    }
  }
})
