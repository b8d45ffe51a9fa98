/**
 * Decides for this node and keeps what decisions leave behind: what was valid, what worked, what did not start, and
 * which clocks were replaced. It touches no process; ReconcileProfiles applies what is decided here.
 */
import { Effect, Equal, Option, Queue, Stream, SubscriptionRef } from "effect"
import type { NodeIdentity } from "../services/kubernetes/Node.ts"
import type { LinuxptpVersion } from "../services/linuxptp/LinuxptpVersion.ts"
import { ConfigurationCheck } from "../services/processes/ConfigurationCheck.ts"
import type { ProcessSpec } from "../services/processes/ProcessSpec.ts"
import type { ProcessStatus } from "../services/processes/ProcessSupervisor.ts"
import { decide, type Decided, type Known } from "../services/profiles/Decide.ts"
import type { Decision } from "../services/profiles/Decision.ts"
import { knownGoodOf } from "../services/profiles/KnownGoodOf.ts"
import type { KnownGood } from "../services/profiles/LastKnownGood.ts"
import { emptyLastValid, type LastValid, type RunningVersion } from "../services/profiles/LastValid.ts"
import { emptyPhcHistory, observePhcs, type PhcHistory, withPhcReplacements } from "../services/profiles/PhcHistory.ts"
import {
  allWorked,
  forgiveFor,
  inheritedBy,
  learnFrom,
  learnRefusal,
  type SeenNic
} from "../services/profiles/Rollback.ts"
import { Settings } from "../services/Settings.ts"
import type { Configuration, Facts } from "./NodeFacts.ts"
import { NodeState } from "./NodeState.ts"

/** What is kept from one decision to the next. */
interface Kept {
  readonly memory: LastValid
  readonly phcs: PhcHistory
  /** Interfaces that were there at the last decision; undefined until they are known. */
  readonly nics: ReadonlyArray<SeenNic> | undefined
  /** Of the last decision. */
  readonly running: ReadonlyArray<RunningVersion>
  readonly planned: ReadonlyArray<ProcessSpec>
  readonly inherited: ReadonlySet<string>
  /** The planned ones, with the clocks that were replaced under them: what is applied. */
  readonly processes: ReadonlyArray<ProcessSpec>
  readonly statuses: ReadonlyArray<ProcessStatus>
  readonly node: NodeIdentity | undefined
  readonly isFromDisk: boolean
  readonly known: Known | undefined
}

/** Processes that were applied or checked before; what worked needs no check at a boot without an API server. */
const isKnown = ({ memory, planned }: Kept, spec: ProcessSpec, running: ReadonlyArray<RunningVersion>): boolean =>
  planned.some((other) => Equal.equals(other, spec)) ||
  allWorked(memory, running.filter(({ processIds }) => processIds.includes(spec.id)))

/** Begins with what `knownGood` remembers. */
export const makeNodeDecisions = Effect.fnUntraced(function*(knownGood: Option.Option<KnownGood>) {
  const check = yield* ConfigurationCheck
  const { reconciliation: state } = yield* NodeState
  const { runDirectory } = yield* Settings
  const rejections = yield* Queue.sliding<void>(1)
  let kept: Kept = {
    memory: Option.match(knownGood, { onNone: () => emptyLastValid, onSome: ({ memory }) => memory }),
    phcs: emptyPhcHistory,
    nics: undefined,
    running: [],
    planned: [],
    inherited: new Set(),
    processes: [],
    statuses: [],
    node: undefined,
    isFromDisk: true,
    known: undefined
  }

  const remember = (memory: LastValid) => {
    kept = { ...kept, memory }
  }

  const decideOnce = (facts: Facts, { node, objects }: Configuration, linuxptpVersion: LinuxptpVersion): Decided =>
    decide({
      objects,
      node,
      interfaces: facts.interfaces,
      linuxptpVersion,
      runDir: runDirectory,
      memory: kept.memory,
      running: kept.running,
      ...(kept.known === undefined ? {} : { known: kept.known })
    })

  /** Decides until every program accepts what it would be given; a refusal is remembered, so this ends. */
  const decideChecked = Effect.fnUntraced(
    function*(facts: Facts, configuration: Configuration, version: LinuxptpVersion) {
      while (true) {
        const before = kept.memory
        const decided = decideOnce(facts, configuration, version)
        kept = { ...kept, known: decided.known }
        const refusal = yield* firstRefusal(decided)
        // Something was learned while a program was asked: that counts, and this decision does not.
        if (kept.memory !== before) continue
        const memory = refusal === undefined
          ? before
          : learnRefusal(before, decided.running, refusal.spec, refusal.message)
        if (memory === before) {
          // What is remembered from disk was cut down: what the API server says is compared with the whole memory.
          if (!configuration.isFromDisk) remember(decided.memory)
          return decided
        }
        // Not the memory that this decision leaves: for it, what is refused would be the last valid version.
        remember(memory)
      }
    }
  )

  const firstRefusal = Effect.fnUntraced(function*({ decision, running }: Decided) {
    for (const spec of decision.processes) {
      if (isKnown(kept, spec, running)) continue
      const message = yield* check.refusal(spec)
      if (Option.isSome(message)) return { spec, message: message.value }
    }
    return undefined
  })

  const observe = (interfaces: Facts["interfaces"]) => {
    if (interfaces === undefined) return
    const nics = interfaces.map(({ name, phcIndex }) => ({ name, hasPhc: phcIndex !== undefined }))
    kept = { ...kept, nics, phcs: observePhcs(kept.phcs, interfaces), memory: forgiveFor(kept.memory, nics) }
  }

  /** What worked is to be kept, unless it came from there. */
  const tellKnownGood = Effect.suspend(() => {
    const { isFromDisk, memory, node, running } = kept
    if (isFromDisk || node === undefined || !allWorked(memory, running)) return Effect.void
    const names = running.map(({ profile, uid }) => ({ uid, name: profile.name }))
    const good = Option.some(knownGoodOf({ memory, node, running: names }))
    return SubscriptionRef.update(state, (now) => Equal.equals(now.knownGood, good) ? now : { ...now, knownGood: good })
  })

  /** Learns what works and what does not start; asks for another decision where that changes one. */
  const learn = Effect.fnUntraced(function*(statuses: ReadonlyArray<ProcessStatus>) {
    kept = { ...kept, statuses }
    const current = statuses.filter(({ id, spec }) =>
      kept.processes.some((decided) => decided.id === id && Equal.equals(decided, spec))
    )
    const learned = learnFrom(kept.memory, kept.running, current, kept.inherited)
    if (learned === kept.memory) return
    const memory = kept.nics === undefined ? learned : forgiveFor(learned, kept.nics)
    const isRejection = !Equal.equals(memory.rejected, kept.memory.rejected)
    remember(memory)
    yield* tellKnownGood
    if (isRejection) yield* Queue.offer(rejections, undefined)
  })

  const decideOn = Effect.fnUntraced(
    function*(facts: Facts, configuration: Configuration, version: LinuxptpVersion): Effect.fn.Return<Decision> {
      observe(facts.interfaces)
      const { decision, running } = yield* decideChecked(facts, configuration, version)
      const processes = withPhcReplacements(kept.phcs, decision.processes)
      const { isFromDisk, node } = configuration
      const planned = decision.processes
      const before = { running: kept.running, processes: kept.planned, inherited: kept.inherited }
      const inherited = inheritedBy({ running, processes: planned }, before)
      kept = { ...kept, running, planned, inherited, processes, node, isFromDisk }
      // A new version of a profile may run by the same processes, of which nothing new will be heard.
      yield* learn(kept.statuses)
      yield* tellKnownGood
      return { ...decision, processes }
    }
  )

  return { decideOn, learn, rejections: Stream.fromQueue(rejections) }
})
