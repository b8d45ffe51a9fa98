/**
 * Watches one run of a process that was started: when it is ready, by its lines or by its answers, and what there is
 * to complain of while it runs. It touches nothing: a process that is late or silent is told, not restarted, because
 * a restart would cost a lock that may well be there.
 */
import { Clock, Deferred, Duration, Effect, Option } from "effect"
import type { OutputLine, RunningProcess } from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import type { ProbeAnswer, ProgramKnowledge } from "../../services/processes/ProgramKnowledge.ts"
import type { StatusBoard } from "./StatusBoard.ts"

const readyPatience = Duration.seconds(30)
/** How often a process that can be asked is asked: before it is ready or while it is silent, and else. */
const impatientPeriod = Duration.seconds(1)
const probePeriod = Duration.seconds(5)
/** A ready process that has not answered for this long is told of. */
const silencePatience = Duration.seconds(5)

/** One exec of a process. */
export interface Run {
  readonly process: RunningProcess
  readonly ready: Deferred.Deferred<void>
  /** The newest lines of both outputs, oldest first. */
  readonly lines: () => ReadonlyArray<OutputLine>
}

export interface ProcessHealth {
  /** Watches until it is interrupted; `onReady` goes on when the process is ready. */
  readonly follow: (spec: ProcessSpec, run: Run, onReady: Effect.Effect<never>) => Effect.Effect<never>
}

/** Says on the board how a run is. */
export const makeProcessHealth = (board: StatusBoard, knowledge: ProgramKnowledge): ProcessHealth => {
  /** Says on the board when the process is ready, or why it is not yet. */
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

  /** chrt(1) may succeed and yet be overruled, and a wrapper may forget it: only the kernel knows. */
  const checkScheduling = Effect.fnUntraced(function*(spec: ProcessSpec, { process }: Run) {
    if (spec.fifoPriority === undefined) return
    const actual = yield* process.scheduling
    if (actual === undefined) return
    if (actual.policy === "SCHED_FIFO" && actual.priority === spec.fifoPriority) return
    const text = `runs with ${actual.policy} at priority ${actual.priority}, not SCHED_FIFO at ${spec.fifoPriority}`
    yield* board.complain(spec.id, "NotScheduled", text)
    yield* Effect.logWarning("process is not scheduled as wanted").pipe(Effect.annotateLogs({ reason: text }))
  })

  /** Never ends. An answer can make the process ready; silence later on is told, and taken back. */
  const keepAsking = Effect.fnUntraced(function*(spec: ProcessSpec, { ready }: Run, probe: Effect.Effect<ProbeAnswer>) {
    let answeredAt: bigint | undefined
    let silences = 0
    while (true) {
      const isReady = Deferred.isDoneUnsafe(ready)
      yield* Effect.sleep(isReady && silences === 0 && answeredAt !== undefined ? probePeriod : impatientPeriod)
      const answer = yield* probe
      const now = yield* Clock.monotonicTimeNanos
      if (answer === "ready") yield* Deferred.succeed(ready, undefined)
      silences = answer === "silent" ? silences + 1 : 0
      if (answer !== "silent" || (answeredAt === undefined && isReady)) answeredAt = now
      if (answer !== "silent") yield* board.complain(spec.id, "NotAnswering", undefined)
      // One answer may be lost.
      else if (
        silences > 1 && answeredAt !== undefined && now - answeredAt >= Duration.toNanosUnsafe(silencePatience)
      ) {
        const text = `does not answer on its management socket ${spec.management?.path ?? ""}`.trimEnd()
        yield* board.complain(spec.id, "NotAnswering", text)
      }
    }
  })

  const follow: ProcessHealth["follow"] = (spec, run, onReady) => {
    const readiness = awaitReadiness(spec, run).pipe(
      Effect.andThen(checkScheduling(spec, run)),
      Effect.andThen(onReady)
    )
    const probe = knowledge.probe(spec)
    return probe === undefined ? readiness : Effect.raceFirst(readiness, keepAsking(spec, run, probe))
  }
  return { follow }
}
