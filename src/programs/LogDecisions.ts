/** Logs what is new in a decision: what runs now, each new mistake, and each profile that was newly rolled back. */
import { Effect, Equal, Metric, Option } from "effect"
import { rejectedProfiles } from "../services/Metrics.ts"
import { type Decision, mistakesOf, warningsOf } from "../services/profiles/Decision.ts"
import type { Reconciliation } from "./NodeState.ts"

/** Logs the differences between `before` and `now`, if there are any. */
export const logDecision = Effect.fnUntraced(function*(before: Reconciliation, now: Reconciliation) {
  if (Option.isNone(now.decision)) return
  const decision = now.decision.value
  if (before.isFromDisk && !now.isFromDisk && decision.profiles.length === 0) {
    yield* Effect.logWarning("the API server has nothing for this node: what ran from disk ends")
  }
  if (Equal.equals(before.decision, now.decision)) return
  yield* logDifference(decision, Option.getOrUndefined(before.decision))
  yield* Metric.update(rejectedProfiles, mistakesOf(decision).length + decision.rolledBack.length)
})

const logDifference = Effect.fnUntraced(function*(decision: Decision, before: Decision | undefined) {
  yield* Effect.logInfo("profiles selected").pipe(Effect.annotateLogs({
    profiles: decision.profiles.map((profile) => `${profile.config}/${profile.name}`),
    processes: decision.processes.map((process) => process.id)
  }))
  for (const mistake of mistakesOf(decision).filter(isNotIn(before === undefined ? [] : mistakesOf(before)))) {
    yield* Effect.logWarning("configuration refused").pipe(Effect.annotateLogs({ ...mistake }))
  }
  for (const warning of warningsOf(decision).filter(isNotIn(before === undefined ? [] : warningsOf(before)))) {
    yield* Effect.logWarning("configuration warning").pipe(Effect.annotateLogs({ ...warning }))
  }
  for (const { config, message, reason } of decision.rolledBack.filter(isNotIn(before?.rolledBack ?? []))) {
    yield* Effect.logWarning("profile rolled back").pipe(Effect.annotateLogs({ config, reason, message }))
  }
})

const isNotIn = <A>(known: ReadonlyArray<A>) => (one: A): boolean => !known.some((other) => Equal.equals(other, one))
