/**
 * Feeds everything that can change a decision into the node's memory, as one stream of events, and carries out the
 * resulting actions. The rules are in `services/profiles/NodeMemory.ts`. Actions that touch processes are left to
 * ReconcileProfiles.
 */
import { Clock, Duration, Effect, Option, Queue, Stream, SubscriptionRef } from "effect"
import type { PausableWork } from "../services/PausableWork.ts"
import { ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"
import { stepWithPauses } from "../services/profiles/NodeMemory.ts"
import type { NodeMemoryAction, NodeMemoryEvent } from "../services/profiles/NodeMemoryEvent.ts"
import { initialNodeMemory, type NodeMemory } from "../services/profiles/NodeMemoryState.ts"
import { Settings } from "../services/Settings.ts"
import { answers, type Question } from "./AskPrograms.ts"
import { parentOf } from "./ChangeTrace.ts"
import { logDecision } from "./LogDecisions.ts"
import { nodeFacts } from "./NodeFacts.ts"
import { NodeState, type Reconciliation } from "./NodeState.ts"
import { waitForTrials } from "./WaitForTrials.ts"

/** The decisions one after the other, each already published and logged. */
export const nodeDecisions = Effect.gen(function*() {
  const supervisor = yield* ProcessSupervisor
  const { reconciliation } = yield* NodeState
  const { runDirectory } = yield* Settings
  const questions = yield* Queue.sliding<Question>(1)
  const rejections = yield* Queue.sliding<NodeMemoryEvent>(1)
  const trials = yield* waitForTrials

  const events: ReadonlyArray<Stream.Stream<NodeMemoryEvent>> = [
    (yield* nodeFacts).pipe(Stream.map((facts) => ({ _tag: "FactsChanged", facts }))),
    // These three are the way back from processes to decisions: the statuses of processes, the answers of programs, and
    // rejections that follow from either.
    supervisor.statuses.pipe(Stream.map((statuses) => ({ _tag: "StatusesChanged", statuses }))),
    yield* answers(Stream.fromQueue(questions)),
    Stream.fromQueue(rejections),
    trials.events
  ]

  const publish = (change: Partial<Reconciliation>) =>
    SubscriptionRef.updateAndGet(reconciliation, (now) => ({ ...now, ...change }))

  const carryOut = Effect.fnUntraced(function*(action: NodeMemoryAction) {
    switch (action._tag) {
      case "AskPrograms":
        yield* publish({ decidingSince: action.trigger.since })
        return yield* Queue.offer(questions, action)
      case "DecideAgain":
        return yield* Queue.offer(rejections, { _tag: "RejectionsChanged" })
      case "LookAtFiles":
      case "WaitUntil":
        return yield* trials.begin(action)
      case "KeepKnownGood":
        return yield* publish({ knownGood: Option.some(action.knownGood) })
      case "TellLinuxptpMissing":
        yield* Effect.logWarning("linuxptp is not installed, or its version cannot be read")
        return yield* publish({ linuxptpMissing: true, decidingSince: undefined })
      case "Apply": {
        const before = yield* SubscriptionRef.get(reconciliation)
        const { isFromDisk } = action
        const decided = { decision: Option.some(action.decision), isFromDisk, linuxptpMissing: false }
        return yield* logDecision(before, yield* publish({ ...decided, decidingSince: undefined }))
      }
    }
  })

  return Stream.mergeAll(events, { concurrency: "unbounded" }).pipe(
    Stream.mapAccumEffect(() => initialNodeMemory(runDirectory), take),
    Stream.tap(carryOut),
    Stream.flatMap((action) => action._tag === "Apply" ? Stream.succeed(action) : Stream.empty)
  )
})

/** How long the event loop may be held before others have their turn. */
const longestTurn = Duration.millis(10)

/** A decision about thousands of profiles takes many turns. */
const inTurns = Effect.fnUntraced(function*<A>(work: PausableWork<A>) {
  const clock = yield* Clock.Clock
  const turn = Duration.toNanosUnsafe(longestTurn)
  let since = clock.monotonicTimeNanosUnsafe()
  while (true) {
    const { done, value } = work.next()
    if (done === true) return value
    if (clock.monotonicTimeNanosUnsafe() - since < turn) continue
    yield* Effect.yieldNow
    since = clock.monotonicTimeNanosUnsafe()
  }
})

const take = (memory: NodeMemory, event: NodeMemoryEvent) => {
  const taken = Effect.flatMap(Clock.monotonicTimeNanos, (now) => inTurns(stepWithPauses(memory, event, now)))
  // NICs come and go with every pod. Only changes that a person made get a trace.
  const cause = event._tag === "FactsChanged" && Option.isSome(event.facts.linuxptp) ? event.facts.cause : undefined
  return cause === undefined ? taken : Effect.withSpan(taken, "ProfileSelection.decide", parentOf(cause))
}
