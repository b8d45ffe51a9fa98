/**
 * Looks at one run of a process every 3 s until it hangs (Vitality has the rule). While it shows no sign of life, the
 * status board says so: its clock is then not LOCKED. ProcessRun kills a process that hangs.
 */
import { Clock, Duration, Effect } from "effect"
import type { RunningProcess, Vitals } from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import { lookPeriod, observe, type Vitality } from "../../services/processes/Vitality.ts"
import type { StatusBoard } from "./StatusBoard.ts"

/** What a process owes those who ask it. */
export interface Questions {
  /** Since when it owes an answer; undefined if it answered the latest question. */
  unansweredSince: bigint | undefined
}

interface Watched {
  readonly spec: ProcessSpec
  readonly process: RunningProcess
  readonly questions: Questions
  readonly longestPause: Duration.Duration | undefined
}

/** Returns when the process has hung for so long that it is to be killed: what was seen of it, as text for people. */
export const awaitHang = Effect.fnUntraced(function*(board: StatusBoard, watched: Watched) {
  const { longestPause, process, questions, spec } = watched
  const tell = Effect.fnUntraced(function*(isStalled: boolean, text: string) {
    yield* board.update(spec.id, { isStalled })
    yield* board.complain(spec.id, "Stalled", isStalled ? `shows no sign of life: ${text}` : undefined)
    yield* isStalled
      ? Effect.logWarning("process shows no sign of life").pipe(Effect.annotateLogs({ pid: process.pid, seen: text }))
      : Effect.logInfo("process lives again").pipe(Effect.annotateLogs({ pid: process.pid }))
  })
  let vitality: Vitality | undefined
  while (true) {
    yield* Effect.sleep(lookPeriod)
    const vitals = yield* process.vitals
    const now = yield* Clock.monotonicTimeNanos
    const before = vitality
    vitality = vitals === undefined
      ? undefined
      : observe(before, { now, vitals, unansweredSince: questions.unansweredSince }, longestPause)
    const isStalled = vitality?.isStalled ?? false
    if (isStalled !== (before?.isStalled ?? false)) yield* tell(isStalled, seen(vitals, questions))
    if (vitality?.isHung === true) {
      return `hung for ${Math.round(Duration.toSeconds(Duration.nanos(now - vitality.stillSince)))} s: ${
        seen(vitals, questions)
      }`
    }
  }
})

const states: Readonly<Record<string, string>> = { T: "stopped", t: "stopped by a debugger", D: "held by the kernel" }

const seen = (vitals: Vitals | undefined, { unansweredSince }: Questions): string =>
  states[vitals?.state ?? ""] ??
    `no context switch${unansweredSince === undefined ? "" : ", and no answer on its management socket"}`
