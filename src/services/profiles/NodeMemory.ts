/**
 * What one node remembers from one decision to the next, as a pure state machine: every event gives the next memory and
 * a list of actions, and the results of actions come back as events. This is the way back from processes to decisions:
 * statuses show which versions work (Rollback), and a rejection asks for another decision.
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
  /** The directory that contains a directory for each process. */
  readonly runDir: string
  /** The latest facts; undefined until a decision is possible. */
  readonly facts: DecisionFacts | undefined
  readonly statuses: ReadonlyArray<ProcessStatus>
  /** Which versions were valid, have worked and were rejected. */
  readonly versions: VersionMemory
  readonly known: Known | undefined
  readonly phcs: PhcHistory
  /** The interfaces at the last decision; undefined until they are known. */
  readonly nics: ReadonlyArray<SeenNic> | undefined
  readonly inForce: InForce
  readonly pending: Pending | undefined
  /** What was last handed over to be saved to disk. */
  readonly kept: KnownGood | undefined
}

/** The decision that is applied. */
interface InForce extends Planned {
  /** The planned processes, each with the number of its replaced clocks. */
  readonly applied: ReadonlyArray<ProcessSpec>
  /** Undefined until the first decision. */
  readonly node: NodeIdentity | undefined
  readonly isFromDisk: boolean
}

/** A decision that waits until programs have checked the configurations that they would get. */
interface Pending {
  readonly facts: DecisionFacts
  readonly decided: Decided
  readonly asked: ReadonlyArray<ProcessSpec>
  readonly trigger: Trigger
}

/** Why something is decided, and since when it has to be decided, in monotonic nanoseconds. */
export interface Trigger extends Pick<DecisionFacts, "cause"> {
  readonly since: bigint
}

export type NodeMemoryEvent =
  | { readonly _tag: "FactsChanged"; readonly facts: DecisionFacts }
  | { readonly _tag: "StatusesChanged"; readonly statuses: ReadonlyArray<ProcessStatus> }
  /** The asked programs have checked the configurations and accept them, except for `refusal`. */
  | {
    readonly _tag: "ConfigurationsChecked"
    readonly asked: ReadonlyArray<ProcessSpec>
    readonly refusal: Option.Option<Refusal>
  }
  /** A version was rejected, or a rejection was withdrawn. */
  | { readonly _tag: "RejectionsChanged" }

/** A program's own words against the configuration of one process. */
export interface Refusal {
  readonly spec: ProcessSpec
  readonly message: string
}

export type NodeMemoryAction =
  /** Ask programs about these specs, and stop asking about others. The answer is the event `ConfigurationsChecked`. */
  | { readonly _tag: "AskPrograms"; readonly asked: ReadonlyArray<ProcessSpec>; readonly trigger: Trigger }
  | {
    readonly _tag: "Apply"
    readonly decision: Decision
    readonly isFromDisk: boolean
    readonly trigger: Trigger
  }
  | { readonly _tag: "KeepKnownGood"; readonly knownGood: KnownGood }
  /** Leads to the event `RejectionsChanged`. */
  | { readonly _tag: "DecideAgain" }
  | { readonly _tag: "TellLinuxptpMissing" }

type Step = readonly [NodeMemory, ReadonlyArray<NodeMemoryAction>]

/** Nothing is remembered until the first facts come with what is on disk. */
export const initialNodeMemory = (runDir: string): NodeMemory => ({
  runDir,
  facts: undefined,
  statuses: [],
  versions: emptyVersionMemory,
  known: undefined,
  phcs: emptyPhcHistory,
  nics: undefined,
  inForce: { running: [], processes: [], inherited: new Set(), applied: [], node: undefined, isFromDisk: true },
  pending: undefined,
  kept: undefined
})

/** The memory after an event at `now` (monotonic nanoseconds), and the actions to carry out. */
export const step = (memory: NodeMemory, event: NodeMemoryEvent, now: bigint): Step => {
  switch (event._tag) {
    case "FactsChanged":
      return decideOn(recalled(memory, event.facts), event.facts, now)
    case "RejectionsChanged":
      return memory.facts === undefined ? [memory, []] : decideOn(memory, { ...memory.facts, cause: undefined }, now)
    case "StatusesChanged":
      return afterStatuses({ ...memory, statuses: event.statuses })
    case "ConfigurationsChecked":
      return afterAnswer(memory, event.asked, event.refusal)
  }
}

/** The first decision starts from what worked when the daemon ran last. A disk that answers later is not asked again. */
const recalled = (memory: NodeMemory, { knownGood }: DecisionFacts): NodeMemory =>
  memory.facts === undefined && Option.isSome(knownGood) ? { ...memory, versions: knownGood.value.memory } : memory

/** Newer facts replace the decision that waits for an answer, because what it would have run is no longer wanted. */
const decideOn = (memory: NodeMemory, facts: DecisionFacts, now: bigint): Step => {
  const { pending } = memory
  if (Option.isNone(facts.linuxptp)) {
    return [{ ...memory, facts, pending: undefined }, [{ _tag: "TellLinuxptpMissing" }]]
  }
  const seen = observeInterfaces({ ...memory, facts }, facts)
  const decided = decideOnce(seen, facts, facts.linuxptp.value)
  // Before anything is stopped, programs are asked about configurations that they have not checked yet.
  const asked = decided.decision.processes.filter((spec) => !isKnown(seen, spec, decided.running))
  const isAskedAlready = pending !== undefined && Equal.equals(pending.asked, asked)
  // Each question has a time of its own, so that a series of edits does not look like a decision that hangs.
  const trigger = { cause: facts.cause ?? pending?.trigger.cause, since: isAskedAlready ? pending.trigger.since : now }
  const next = { facts, decided, asked, trigger }
  const waiting = { ...seen, known: decided.known, pending: next }
  if (asked.length === 0) return enforce(waiting, next)
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

/**
 * True for processes that were applied or checked before. What has worked needs no check, so that a boot without API
 * server is not delayed.
 */
const isKnown = (
  { inForce, versions }: NodeMemory,
  spec: ProcessSpec,
  running: ReadonlyArray<RunningVersion>
): boolean =>
  inForce.processes.some((other) => Equal.equals(other, spec)) ||
  allWorked(versions, running.filter(({ processIds }) => processIds.includes(spec.id)))

/** A refusal is remembered and leads to another decision. Each refusal excludes a version, so this ends. */
const afterAnswer = (
  memory: NodeMemory,
  asked: ReadonlyArray<ProcessSpec>,
  refusal: Option.Option<Refusal>
): Step => {
  const { pending, versions } = memory
  // This question is no longer open.
  if (pending === undefined || !Equal.equals(pending.asked, asked)) return [memory, []]
  const learned = Option.match(refusal, {
    onNone: () => versions,
    onSome: ({ message, spec }) => learnRefusal(versions, pending.decided.running, spec, message)
  })
  if (learned === versions) return enforce(memory, pending)
  // The memory that the waiting decision would leave is not used: in it the refused version would be the last valid
  // one. The question is closed, so that the program is also asked about the version that replaces it, even if that
  // needs the same process.
  return decideAnew({ ...memory, versions: learned, pending: { ...pending, asked: [] } }, pending)
}

/** Decides again on the same facts, with what was learned since. */
const decideAnew = (memory: NodeMemory, { facts, trigger }: Pending): Step => decideOn(memory, facts, trigger.since)

/** Makes a decision the one that is applied. */
const enforce = (memory: NodeMemory, { decided, facts, trigger }: Pending): Step => {
  const { isFromDisk, node } = facts.configuration
  const { decision: { processes, ...rest }, running } = decided
  const applied = withPhcReplacements(memory.phcs, processes)
  const inherited = inheritedBy({ running, processes }, memory.inForce)
  // A new version of a profile may need only processes that run already. No new status will come for them, so it learns
  // from the present ones.
  const [taught, again] = learn({
    ...memory,
    // The configuration on disk contains only a part. What the API server says must be compared with the whole memory.
    versions: isFromDisk ? memory.versions : decided.memory,
    inForce: { running, processes, inherited, applied, node, isFromDisk },
    pending: undefined
  })
  const [next, keep] = keepWhatWorks(taught)
  return [next, [...keep, ...again, { _tag: "Apply", decision: { ...rest, processes: applied }, isFromDisk, trigger }]]
}

/** Statuses that arrive while a program is asked count at once: the waiting decision is made again. */
const afterStatuses = (memory: NodeMemory): Step => {
  const [taught, again] = learn(memory)
  if (taught === memory) return [memory, []]
  const [kept, keep] = keepWhatWorks(taught)
  const [next, actions] = kept.pending === undefined ? [kept, again] : decideAnew(kept, kept.pending)
  return [next, [...keep, ...actions]]
}

/**
 * Learns from the statuses which versions work and which do not start. Returns the same memory if they show nothing
 * new.
 */
const learn = (memory: NodeMemory): Step => {
  const { inForce: { applied, inherited, running }, nics, statuses, versions: before } = memory
  // Other statuses belong to a predecessor that is being stopped.
  const own = statuses.filter(({ id, spec }) => applied.some((one) => one.id === id && Equal.equals(one, spec)))
  const learned = learnFrom(before, running, own, inherited)
  if (learned === before) return [memory, []]
  const versions = nics === undefined ? learned : forgiveFor(learned, nics)
  // A version that stood in for a rejected one may be forgotten as well.
  const isRejection = !Equal.equals(versions.rejected, before.rejected) || versions.profiles !== before.profiles
  return [{ ...memory, versions }, isRejection ? [{ _tag: "DecideAgain" }] : []]
}

/** Hands over what works, to be saved to disk, unless it came from there. */
const keepWhatWorks = (memory: NodeMemory): Step => {
  const { inForce: { isFromDisk, node, running }, kept, versions } = memory
  if (isFromDisk || node === undefined || !allWorked(versions, running)) return [memory, []]
  const names = running.map(({ profile, uid }) => ({ uid, name: profile.name }))
  const knownGood = knownGoodOf({ memory: versions, node, running: names })
  if (Equal.equals(kept, knownGood)) return [memory, []]
  return [{ ...memory, kept: knownGood }, [{ _tag: "KeepKnownGood", knownGood }]]
}
