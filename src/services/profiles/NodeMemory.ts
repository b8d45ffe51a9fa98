/**
 * What one node remembers from one decision to the next, as a pure state machine: every event gives the next memory and
 * a list of actions, and the results of actions come back as events. This is the way back from processes to decisions:
 * statuses show which versions work (Rollback), and a rejection asks for another decision.
 */
import { Equal, Option } from "effect"
import { formatLinuxptpVersion, type LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import { complete, type PausableWork } from "../PausableWork.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import type { ProcessStatus } from "../processes/ProcessSupervisor.ts"
import { type Decided, decideWithPauses } from "./Decide.ts"
import type { DecisionFacts } from "./DecisionFacts.ts"
import { knownGoodOf } from "./KnownGoodOf.ts"
import type { NodeMemoryAction, NodeMemoryEvent, Refusal } from "./NodeMemoryEvent.ts"
import type { NodeMemory, Pending } from "./NodeMemoryState.ts"
import { observePhcs, withPhcReplacements } from "./PhcHistory.ts"
import { allWorked, forgiveFor, inheritedBy, learnFrom, learnRefusal } from "./Rollback.ts"
import {
  enoughFor,
  nextDue,
  nextTrialText,
  renewTrials,
  startDueTrials,
  waitForTrials,
  withFiles,
  withInterfaces
} from "./Trials.ts"
import { unfollowedClocks } from "./UnfollowedClocks.ts"
import type { RunningVersion } from "./VersionMemory.ts"

type Step = readonly [NodeMemory, ReadonlyArray<NodeMemoryAction>]

/** The memory after an event at `now` (monotonic nanoseconds), and the actions to carry out. */
export const step = (memory: NodeMemory, event: NodeMemoryEvent, now: bigint): Step =>
  complete(stepWithPauses(memory, event, now))

/** The same. No other event may come between. */
export function* stepWithPauses(memory: NodeMemory, event: NodeMemoryEvent, now: bigint): PausableWork<Step> {
  const [next, actions] = yield* respond(memory, event, now)
  const running = [...next.inForce.running, ...next.pending?.decided.running ?? []]
  const trials = renewTrials(next.trials, next.versions, running, next.facts?.interfaces ?? [], now)
  const isNew = trials !== memory.trials || event._tag === "Due" || event._tag === "FactsChanged"
  if (!isNew || next.facts === undefined || !isForTrials(next.facts)) return [{ ...next, trials }, actions]
  return [{ ...next, trials }, [...actions, ...waitForTrials(trials, event._tag !== "FilesSeen", now)]]
}

/** What comes from disk is what worked; nothing else is tried before the API server has answered. */
const isForTrials = ({ configuration, linuxptp }: DecisionFacts): boolean =>
  Option.isSome(linuxptp) && !configuration.isFromDisk

function* respond(memory: NodeMemory, event: NodeMemoryEvent, now: bigint): PausableWork<Step> {
  switch (event._tag) {
    case "FactsChanged":
      return yield* decideOn(recalled(memory, event.facts), event.facts, now)
    case "RejectionsChanged":
      return yield* decideAgain(memory, now)
    case "StatusesChanged":
      return yield* afterStatuses(memory, event.statuses)
    case "ConfigurationsChecked":
      return yield* afterAnswer(memory, event.asked, event.refusal)
    case "FilesSeen": {
      const trials = withFiles(memory.trials, event.files)
      return Equal.equals(trials, memory.trials) ? [memory, []] : yield* decideAgain({ ...memory, trials }, now)
    }
    case "Due":
      return (nextDue(memory.trials) ?? now + 1n) <= now ? yield* decideAgain(memory, now) : [memory, []]
  }
}

function* decideAgain(memory: NodeMemory, now: bigint): PausableWork<Step> {
  return memory.facts === undefined ? [memory, []] : yield* decideOn(memory, { ...memory.facts, cause: undefined }, now)
}

/** The first decision starts from what worked when the daemon ran last. A disk that answers later is not asked again. */
const recalled = (memory: NodeMemory, { knownGood }: DecisionFacts): NodeMemory =>
  memory.facts === undefined && Option.isSome(knownGood) ? { ...memory, versions: knownGood.value.memory } : memory

/** Newer facts replace the decision that waits for an answer, because what it would have run is no longer wanted. */
function* decideOn(memory: NodeMemory, facts: DecisionFacts, now: bigint): PausableWork<Step> {
  const { pending } = memory
  if (Option.isNone(facts.linuxptp)) {
    return [{ ...memory, facts, pending: undefined }, [{ _tag: "TellLinuxptpMissing" }]]
  }
  const seen = withDueTrials(observe({ ...memory, facts }, facts, facts.linuxptp.value), facts, now)
  const decided = yield* decideOnce(seen, facts, facts.linuxptp.value)
  yield
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

const observe = (memory: NodeMemory, facts: DecisionFacts, linuxptp: LinuxptpVersion): NodeMemory => {
  const { interfaces } = facts
  const nics = interfaces?.map(({ name, phcIndex }) => ({ name, hasPhc: phcIndex !== undefined })) ?? memory.nics
  const versions = forgiveFor(memory.versions, nics, formatLinuxptpVersion(linuxptp))
  if (interfaces === undefined) return { ...memory, versions }
  const { phcs, trials } = memory
  return withUnfollowed({
    ...memory,
    nics,
    versions,
    phcs: observePhcs(phcs, interfaces),
    trials: withInterfaces(trials, interfaces)
  })
}

const withDueTrials = (memory: NodeMemory, facts: DecisionFacts, now: bigint): NodeMemory =>
  isForTrials(facts)
    ? { ...memory, ...startDueTrials(memory.trials, memory.versions, memory.inForce.running, now) }
    : memory

/** Returns the same memory if nothing changed. */
const withUnfollowed = (memory: NodeMemory): NodeMemory => {
  const { facts, inForce, statuses } = memory
  const interfaces = facts === undefined ? undefined : knownInterfaces(facts)
  const unfollowed = unfollowedClocks(memory.unfollowed, inForce.processes, interfaces, statuses)
  return Equal.equals(unfollowed, memory.unfollowed) ? memory : { ...memory, unfollowed }
}

/** A node without any interface, not even loopback, is a wrong SYSFS_ROOT. */
const knownInterfaces = ({ interfaces }: DecisionFacts): DecisionFacts["interfaces"] =>
  interfaces?.length === 0 ? undefined : interfaces

const decideOnce = (
  { inForce, known, runDir, trials, unfollowed, versions }: NodeMemory,
  facts: DecisionFacts,
  linuxptpVersion: LinuxptpVersion
): PausableWork<Decided> =>
  decideWithPauses({
    ...facts.configuration,
    interfaces: knownInterfaces(facts),
    linuxptpVersion,
    runDir,
    memory: versions,
    running: inForce.running,
    unfollowed: new Set(unfollowed.keys()),
    nextTrial: nextTrialText(trials),
    isExplained: false,
    known
  })

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
function* afterAnswer(
  memory: NodeMemory,
  asked: ReadonlyArray<ProcessSpec>,
  refusal: Option.Option<Refusal>
): PausableWork<Step> {
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
  return yield* decideAnew({ ...memory, versions: learned, pending: { ...pending, asked: [] } }, pending)
}

/** Decides again on the same facts, with what was learned since. */
const decideAnew = (memory: NodeMemory, { facts, trigger }: Pending): PausableWork<Step> =>
  decideOn(memory, facts, trigger.since)

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
function* afterStatuses(before: NodeMemory, statuses: ReadonlyArray<ProcessStatus>): PausableWork<Step> {
  const memory = { ...before, statuses }
  const watched = withUnfollowed(memory)
  const [taught, again] = learn(watched)
  if (taught === memory) return [memory, []]
  const [kept, keep] = keepWhatWorks(taught)
  const isAgain = again.length > 0 || watched !== memory
  const [next, actions]: Step = kept.pending === undefined
    ? [kept, isAgain ? [{ _tag: "DecideAgain" }] : []]
    : yield* decideAnew(kept, kept.pending)
  return [next, [...keep, ...actions]]
}

/**
 * Learns from the statuses which versions work and which do not start. Returns the same memory if they show nothing
 * new.
 */
const learn = (memory: NodeMemory): Step => {
  const { facts, inForce: { applied, inherited, running }, nics, statuses, trials, versions: before } = memory
  // Other statuses belong to a predecessor that is being stopped.
  const own = statuses.filter(({ id, spec }) => applied.some((one) => one.id === id && Equal.equals(one, spec)))
  const learned = learnFrom(before, running, own, { inherited, enough: enoughFor(trials) })
  if (learned === before) return [memory, []]
  const linuxptp = Option.getOrUndefined(Option.map(facts?.linuxptp ?? Option.none(), formatLinuxptpVersion))
  const versions = forgiveFor(learned, nics, linuxptp)
  const isRejection = !Equal.equals(versions.rejected, before.rejected)
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
