/**
 * What one node remembers from one decision to the next, as a value, with one step for everything that can happen.
 * What a step wants done is an action; what comes of it comes back as an event. So this is the way back from the
 * processes to the decisions: statuses teach (Rollback), and a rejection asks for another decision.
 */
import { Equal, Option } from "effect"
import type { NodeIdentity } from "../kubernetes/Node.ts"
import type { LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import type { ProcessStatus } from "../processes/ProcessSupervisor.ts"
import { decide, type Decided, type Known } from "./Decide.ts"
import type { Decision } from "./Decision.ts"
import type { DecisionFacts } from "./DecisionFacts.ts"
import { knownGoodOf } from "./KnownGoodOf.ts"
import type { KnownGood } from "./LastKnownGood.ts"
import { emptyPhcHistory, observePhcs, type PhcHistory, withPhcReplacements } from "./PhcHistory.ts"
import { allWorked, forgiveFor, inheritedBy, learnFrom, learnRefusal, type Planned, type SeenNic } from "./Rollback.ts"
import { emptyVersionMemory, type RunningVersion, type VersionMemory } from "./VersionMemory.ts"

export interface NodeMemory {
  /** Every process gets a directory below it. */
  readonly runDir: string
  /** What was told last; undefined until a decision can be made. */
  readonly facts: DecisionFacts | undefined
  readonly statuses: ReadonlyArray<ProcessStatus>
  /** What was valid, what worked and what was rejected. */
  readonly versions: VersionMemory
  readonly known: Known | undefined
  readonly phcs: PhcHistory
  /** Interfaces that were there at the last decision; undefined until they are known. */
  readonly nics: ReadonlyArray<SeenNic> | undefined
  readonly inForce: InForce
  readonly pending: Pending | undefined
  /** What was last to be kept on disk. */
  readonly kept: KnownGood | undefined
}

/** The decision that is applied. */
interface InForce extends Planned {
  /** The planned processes, with the clocks that were replaced under them. */
  readonly applied: ReadonlyArray<ProcessSpec>
  /** Undefined until the first decision. */
  readonly node: NodeIdentity | undefined
  readonly isFromDisk: boolean
}

/** A decision that waits for what programs say of the configurations that they would be given. */
interface Pending {
  readonly facts: DecisionFacts
  readonly decided: Decided
  readonly asked: ReadonlyArray<ProcessSpec>
  readonly trigger: Trigger
}

/** Why something is decided, and the monotonic nanoseconds since which it is to be decided. */
export interface Trigger extends Pick<DecisionFacts, "cause"> {
  readonly since: bigint
}

export type NodeMemoryEvent =
  | { readonly _tag: "FactsChanged"; readonly facts: DecisionFacts }
  | { readonly _tag: "StatusesChanged"; readonly statuses: ReadonlyArray<ProcessStatus> }
  /** Programs have looked at what they were asked about, and take it but for `refusal`. */
  | {
    readonly _tag: "ConfigurationsChecked"
    readonly asked: ReadonlyArray<ProcessSpec>
    readonly refusal: Option.Option<Refusal>
  }
  /** A version was rejected, or a rejection was taken back. */
  | { readonly _tag: "RejectionsChanged" }

/** A program's own words against the configuration of one process. */
export interface Refusal {
  readonly spec: ProcessSpec
  readonly message: string
}

export type NodeMemoryAction =
  /** Ask programs about these, and no more about others; comes back as `ConfigurationsChecked`. */
  | { readonly _tag: "AskPrograms"; readonly asked: ReadonlyArray<ProcessSpec>; readonly trigger: Trigger }
  | {
    readonly _tag: "Apply"
    readonly decision: Decision
    readonly isFromDisk: boolean
    readonly trigger: Trigger
  }
  | { readonly _tag: "KeepKnownGood"; readonly knownGood: KnownGood }
  /** Comes back as `RejectionsChanged`. */
  | { readonly _tag: "DecideAgain" }
  | { readonly _tag: "TellLinuxptpMissing" }

type Step = readonly [NodeMemory, ReadonlyArray<NodeMemoryAction>]

/** Begins with what worked when the daemon ran last. */
export const initialNodeMemory = (runDir: string, knownGood: Option.Option<KnownGood>): NodeMemory => ({
  runDir,
  facts: undefined,
  statuses: [],
  versions: Option.match(knownGood, { onNone: () => emptyVersionMemory, onSome: ({ memory }) => memory }),
  known: undefined,
  phcs: emptyPhcHistory,
  nics: undefined,
  inForce: { running: [], processes: [], inherited: new Set(), applied: [], node: undefined, isFromDisk: true },
  pending: undefined,
  kept: undefined
})

/** The memory after an event at `now`, in monotonic nanoseconds, and what is to be done. */
export const step = (memory: NodeMemory, event: NodeMemoryEvent, now: bigint): Step => {
  switch (event._tag) {
    case "FactsChanged":
      return decideOn(memory, event.facts, now)
    case "RejectionsChanged":
      return memory.facts === undefined ? [memory, []] : decideOn(memory, { ...memory.facts, cause: undefined }, now)
    case "StatusesChanged":
      return afterStatuses({ ...memory, statuses: event.statuses })
    case "ConfigurationsChecked":
      return afterAnswer(memory, event.asked, event.refusal)
  }
}

/** Newer facts take the place of those that wait for an answer: what these would have run is not wanted any more. */
const decideOn = (memory: NodeMemory, facts: DecisionFacts, now: bigint): Step => {
  const { pending } = memory
  if (Option.isNone(facts.linuxptp)) {
    return [{ ...memory, facts, pending: undefined }, [{ _tag: "TellLinuxptpMissing" }]]
  }
  const trigger = { cause: facts.cause ?? pending?.trigger.cause, since: pending?.trigger.since ?? now }
  const seen = observeInterfaces({ ...memory, facts }, facts)
  const decided = decideOnce(seen, facts, facts.linuxptp.value)
  // Programs are asked about what they have not seen yet before anything is stopped for it.
  const asked = decided.decision.processes.filter((spec) => !isKnown(seen, spec, decided.running))
  const next = { facts, decided, asked, trigger }
  const waiting = { ...seen, known: decided.known, pending: next }
  if (asked.length === 0) return enforce(waiting, next)
  const isAskedAlready = pending !== undefined && Equal.equals(pending.asked, asked)
  return [waiting, isAskedAlready ? [] : [{ _tag: "AskPrograms", asked, trigger }]]
}

const observeInterfaces = (memory: NodeMemory, { interfaces }: DecisionFacts): NodeMemory => {
  if (interfaces === undefined) return memory
  const nics = interfaces.map(({ name, phcIndex }) => ({ name, hasPhc: phcIndex !== undefined }))
  const { phcs, versions } = memory
  return { ...memory, nics, phcs: observePhcs(phcs, interfaces), versions: forgiveFor(versions, nics) }
}

const decideOnce = (
  { inForce, known, runDir, versions }: NodeMemory,
  { configuration: { node, objects }, interfaces }: DecisionFacts,
  linuxptpVersion: LinuxptpVersion
): Decided =>
  decide({ objects, node, interfaces, linuxptpVersion, runDir, memory: versions, running: inForce.running, known })

/** Processes that were applied or checked before; what worked needs no check at a boot without an API server. */
const isKnown = (
  { inForce, versions }: NodeMemory,
  spec: ProcessSpec,
  running: ReadonlyArray<RunningVersion>
): boolean =>
  inForce.processes.some((other) => Equal.equals(other, spec)) ||
  allWorked(versions, running.filter(({ processIds }) => processIds.includes(spec.id)))

/** A refusal is remembered and decided anew for, so this ends. */
const afterAnswer = (
  memory: NodeMemory,
  asked: ReadonlyArray<ProcessSpec>,
  refusal: Option.Option<Refusal>
): Step => {
  const { pending, versions } = memory
  // The answer to a question that is open no more.
  if (pending === undefined || !Equal.equals(pending.asked, asked)) return [memory, []]
  const learned = Option.match(refusal, {
    onNone: () => versions,
    onSome: ({ message, spec }) => learnRefusal(versions, pending.decided.running, spec, message)
  })
  // Not the memory that this decision leaves: for it, what is refused would be the last valid version.
  return learned === versions ? enforce(memory, pending) : decideAnew({ ...memory, versions: learned }, pending)
}

/** The same facts once more, with what was learned since. */
const decideAnew = (memory: NodeMemory, { facts, trigger }: Pending): Step => decideOn(memory, facts, trigger.since)

/** What was decided is what is to run. */
const enforce = (memory: NodeMemory, { decided, facts, trigger }: Pending): Step => {
  const { isFromDisk, node } = facts.configuration
  const { decision: { processes, ...rest }, running } = decided
  const applied = withPhcReplacements(memory.phcs, processes)
  const inherited = inheritedBy({ running, processes }, memory.inForce)
  // A new version of a profile may run by the same processes, of which nothing new will be heard: it learns at once.
  const [taught, again] = learn({
    ...memory,
    // What is remembered from disk was cut down: what the API server says is compared with the whole memory.
    versions: isFromDisk ? memory.versions : decided.memory,
    inForce: { running, processes, inherited, applied, node, isFromDisk },
    pending: undefined
  })
  const [next, keep] = keepWhatWorks(taught)
  return [next, [...keep, ...again, { _tag: "Apply", decision: { ...rest, processes: applied }, isFromDisk, trigger }]]
}

/** What is learned while a program is asked counts at once: the decision that waits for the answer is made anew. */
const afterStatuses = (memory: NodeMemory): Step => {
  const [taught, again] = learn(memory)
  if (taught === memory) return [memory, []]
  const [kept, keep] = keepWhatWorks(taught)
  const [next, actions] = kept.pending === undefined ? [kept, again] : decideAnew(kept, kept.pending)
  return [next, [...keep, ...actions]]
}

/** Learns what works and what does not start; the same memory when the statuses teach nothing. */
const learn = (memory: NodeMemory): Step => {
  const { inForce: { applied, inherited, running }, nics, statuses, versions: before } = memory
  // Others are of a predecessor that is being stopped.
  const own = statuses.filter(({ id, spec }) => applied.some((one) => one.id === id && Equal.equals(one, spec)))
  const learned = learnFrom(before, running, own, inherited)
  if (learned === before) return [memory, []]
  const versions = nics === undefined ? learned : forgiveFor(learned, nics)
  const isRejection = !Equal.equals(versions.rejected, before.rejected)
  return [{ ...memory, versions }, isRejection ? [{ _tag: "DecideAgain" }] : []]
}

/** What works is to be kept, unless it came from there. */
const keepWhatWorks = (memory: NodeMemory): Step => {
  const { inForce: { isFromDisk, node, running }, kept, versions } = memory
  if (isFromDisk || node === undefined || !allWorked(versions, running)) return [memory, []]
  const names = running.map(({ profile, uid }) => ({ uid, name: profile.name }))
  const knownGood = knownGoodOf({ memory: versions, node, running: names })
  if (Equal.equals(kept, knownGood)) return [memory, []]
  return [{ ...memory, kept: knownGood }, [{ _tag: "KeepKnownGood", knownGood }]]
}
