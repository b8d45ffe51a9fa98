/**
 * Passes the lines of processes on to the daemon's log, with process and profile as fields, and reduced by the
 * profile's settings. It has a subscription of its own to the supervisor's output, so a slow log never delays
 * ObserveClocks.
 */
import { Clock, Effect, Option, Stream, SubscriptionRef } from "effect"
import {
  initialLogReduction,
  type LogReduction,
  logReduction,
  type LogReductionState,
  reduceLine
} from "../services/linuxptp/LogReduction.ts"
import { type ProcessLine, ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"
import type { Decision } from "../services/profiles/Decision.ts"
import { profileKey } from "../services/profiles/ProfileKey.ts"
import { NodeState } from "./NodeState.ts"

/** The number of processes whose state is kept. The one that was silent longest is forgotten first. */
const mostProcesses = 256

const reductionsOf = (decision: Option.Option<Decision>): ReadonlyMap<string, LogReduction> =>
  new Map(
    Option.match(decision, { onNone: () => [], onSome: ({ profiles }) => profiles }).map(
      ({ config, name, settings }) => [profileKey(config, name), logReduction(settings)]
    )
  )

const unreduced = logReduction({})

/** Never ends by itself. */
export const run = Effect.gen(function*() {
  const supervisor = yield* ProcessSupervisor
  const { reconciliation } = yield* NodeState
  const states = new Map<string, LogReductionState>()
  let decision = Option.none<Decision>()
  let reductions = reductionsOf(decision)

  const logLine = Effect.fnUntraced(function*({ spec, stream, text }: ProcessLine) {
    const { config, id, profile } = spec
    const now = yield* Clock.monotonicTimeNanos
    const decided = SubscriptionRef.getUnsafe(reconciliation).decision
    if (decided !== decision) reductions = reductionsOf(decision = decided)
    const reduction = reductions.get(profileKey(config, profile)) ?? unreduced
    const { print, state } = reduceLine(reduction, states.get(id) ?? initialLogReduction, text, now)
    states.delete(id)
    states.set(id, state)
    const [oldest] = states.keys()
    if (states.size > mostProcesses && oldest !== undefined) states.delete(oldest)
    // linuxptp print.c: warnings and errors go to stderr, everything else goes to stdout.
    const log = stream === "stderr" ? Effect.logWarning : Effect.logInfo
    for (const message of print) yield* log(message).pipe(Effect.annotateLogs({ process: id, profile }))
  })

  return yield* Stream.runForEach(supervisor.output, logLine)
})
