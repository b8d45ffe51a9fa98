/**
 * Decides from all NodePTPCfg objects what runs on one node, and why. It is one pure function: `plan` prints its
 * result, and the daemon applies it. Equal facts give equal decisions, whatever order the objects come in.
 */
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import type { NodeIdentity } from "../kubernetes/Node.ts"
import type { LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import { complete, type PausableWork } from "../PausableWork.ts"
import type { ChosenProfile, Decision, SkippedProfile } from "./Decision.ts"
import { type NextTrial, problemsOf, rolledBackProfiles } from "./DecisionProblems.ts"
import { type KnownPlans, makePlanner } from "./KnownPlans.ts"
import { clockThreshold, knownPtpSettings } from "./ProfileSettings.ts"
import { candidatesOf, type ProfileVersion, rememberCandidates } from "./ProfileVersions.ts"
import { type KnownObjects, readObjects } from "./ReadObjects.ts"
import { byText, sortProblems, sortSkipped } from "./ResultOrder.ts"
import { type Settled, settleWinners, type Winner } from "./SettleWinners.ts"
import { type KnownInterface, timeStampingProblems } from "./TimeStampingCheck.ts"
import { skippedEntriesOf } from "./UnreadableEntries.ts"
import {
  isSameVersion,
  type RunningVersion,
  type ValidProfile,
  validProfile,
  type VersionMemory
} from "./VersionMemory.ts"

/** Everything that a decision depends on. */
export interface DecideInput {
  readonly objects: ReadonlyArray<KubernetesObject>
  readonly node: NodeIdentity
  /** The node's interfaces. Undefined if they are unknown; then none is reported as missing. */
  readonly interfaces: ReadonlyArray<KnownInterface> | undefined
  readonly linuxptpVersion: LinuxptpVersion
  /** The directory that contains a directory for each process. */
  readonly runDir: string
  /** Which versions were valid, have worked and were rejected so far. */
  readonly memory: VersionMemory
  /** The versions that run by the previous decision. */
  readonly running?: ReadonlyArray<ValidProfile>
  /** Ids of ptp4l that a phc2sys for all of them leaves out, beside those of which every NIC is gone. */
  readonly unfollowed?: ReadonlySet<string>
  /** When a version whose start failed is tried again, as text for people. */
  readonly nextTrial?: NextTrial
  /** False: nobody reads `skipped`, and it stays empty. A large cluster has thousands of profiles. */
  readonly isExplained?: boolean
  /** What the previous decision has already read and planned. */
  readonly known?: Known | undefined
}

/** Results of reading and planning, by the identity of objects and profiles. They save work and change no decision. */
export interface Known {
  readonly objects: KnownObjects
  readonly plans: KnownPlans
}

const nothingKnown: Known = { objects: new Map(), plans: new Map() }

/** A decision, the memory and the known results for the next one, and the versions that run. */
export interface Decided {
  readonly decision: Decision
  readonly memory: VersionMemory
  readonly running: ReadonlyArray<RunningVersion>
  readonly known: Known
}

/** Decides, and returns what to remember for the next decision. */
export const decide = (input: DecideInput): Decided => complete(decideWithPauses(input))

/** The same. Thousands of profiles, or texts of megabytes, would otherwise hold the event loop for a second. */
export function* decideWithPauses(input: DecideInput): PausableWork<Decided> {
  const { known = nothingKnown, linuxptpVersion: version, memory, node, runDir } = input
  const reading = yield* readObjects(input.objects, memory.objects, known.objects)
  const { configs, known: objects, problems, unreadable } = reading
  const planner = makePlanner(known.plans)
  const interfaces = input.interfaces?.map(({ name }) => name)
  const candidates = yield* candidatesOf(configs, memory, {
    planner,
    runDir,
    version,
    interfaces: interfaces === undefined ? undefined : new Set(interfaces)
  })
  const settled = yield* settleWinners(configs, candidates, {
    node,
    objections: (uid, one) => isProven(input, uid, one) ? [] : timeStampingProblems(one.plan, input.interfaces ?? []),
    references: memory.references ?? [],
    isExplained: input.isExplained !== false,
    troubleOf: ({ id, interfaces: ports }) =>
      interfaces?.some((nic) => ports.includes(nic)) === false ? 2 : input.unfollowed?.has(id) === true ? 1 : 0
  })
  yield
  const { references } = settled.selection
  const remembered = rememberCandidates(settled.candidates, memory)
  yield
  return {
    decision: {
      profiles: settled.running.map(chosenProfile),
      skipped: sortSkipped([
        ...settled.selection.skipped,
        ...settled.conflicts.flatMap(conflictRows),
        ...unreadable.flatMap((object) => skippedEntriesOf(object, node))
      ]),
      processes: settled.running.flatMap(processesOf).sort((a, b) => byText(a.id, b.id)),
      problems: sortProblems([...problems, ...problemsOf(settled, node.name, interfaces)]),
      rolledBack: rolledBackProfiles(settled, input.nextTrial)
    },
    memory: {
      objects: configs,
      ...remembered,
      ...(references.length === 0 ? {} : { references })
    },
    running: settled.running.map(runningVersion),
    known: { objects, plans: planner.plans }
  }
}

/**
 * A version that runs or has worked here is not refused because of its NICs: what is known about a NIC may be wrong
 * while its driver restarts.
 */
const isProven = ({ memory, running = [] }: DecideInput, uid: string, version: ProfileVersion): boolean =>
  [...memory.worked, ...running].some(isSameVersion({ uid, profile: version.profile }))

const runningVersion = (winner: Winner): RunningVersion => ({
  ...validProfile(winner.selected.uid, winner.version.profile, winner.version.generation),
  processIds: processesOf(winner).map(({ id }) => id)
})

const processesOf = ({ phc2sysForAll, version }: Winner) => [
  ...version.plan.processes,
  ...(phc2sysForAll === undefined ? [] : [phc2sysForAll.spec])
]

const chosenProfile = ({ selected, version }: Winner): ChosenProfile => ({
  config: selected.config,
  name: selected.name,
  generation: version.generation,
  priority: selected.priority,
  matchedBy: selected.matchedBy,
  interfaces: version.plan.interfaces,
  clockThreshold: clockThreshold(version.profile),
  settings: knownPtpSettings(version.profile)
})

const conflictRows = (
  { loser, message, reason }: Settled["conflicts"][number]
): ReadonlyArray<SkippedProfile> =>
  loser.selected.recommendedBy.map((config) => ({ config, name: loser.name, reason, message }))
