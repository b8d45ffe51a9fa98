/**
 * Decides from all NodePTPCfg objects what runs on one node, and why. It is one pure function: `plan` prints its
 * result, and the daemon applies it. Equal facts give equal decisions, whatever order the objects come in.
 */
import { Equal } from "effect"
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import type { NodeIdentity } from "../kubernetes/Node.ts"
import type { LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import type { ChosenProfile, Decision, Problem, RolledBackProfile, SkippedProfile } from "./Decision.ts"
import { type KnownPlans, makePlanner } from "./KnownPlans.ts"
import type { PlanProblem } from "./PlanProblem.ts"
import { profileKey } from "./ProfileKey.ts"
import { clockThreshold, knownPtpSettings } from "./ProfileSettings.ts"
import { type Candidate, candidatesOf, type ProfileVersion, rememberCandidates } from "./ProfileVersions.ts"
import { generationText, type KnownObjects, readObjects } from "./ReadObjects.ts"
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
export const decide = (input: DecideInput): Decided => {
  const { known = nothingKnown, linuxptpVersion: version, runDir } = input
  const reading = readObjects(input.objects, input.memory.objects, known.objects)
  const { configs, known: objects, problems, unreadable } = reading
  const planner = makePlanner(known.plans)
  const candidates = candidatesOf(configs, input.memory, { planner, runDir, version })
  const hardware = (uid: string, version: ProfileVersion) =>
    isProven(input, uid, version) ? [] : timeStampingProblems(version.plan, input.interfaces ?? [])
  const settled = settleWinners(configs, input.node, candidates, hardware)
  return {
    decision: {
      profiles: settled.running.map(chosenProfile),
      skipped: sortSkipped([
        ...settled.selection.skipped,
        ...settled.conflicts.flatMap(conflictRows),
        ...unreadable.flatMap((object) => skippedEntriesOf(object, input.node))
      ]),
      processes: settled.running.flatMap(processesOf).sort((a, b) => byText(a.id, b.id)),
      problems: sortProblems([
        ...problems,
        ...settled.selection.problems,
        ...profileProblems(settled),
        ...settled.conflicts.map(({ loser, message }) =>
          problemOf(loser.candidate, { severity: "error", field: "", message: `does not run: ${message}` }, false)
        ),
        ...unknownInterfaces(settled.running, input.interfaces?.map(({ name }) => name))
      ]),
      rolledBack: rolledBackProfiles(settled)
    },
    memory: { objects: configs, ...rememberCandidates(settled.candidates, input.memory) },
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

/** A problem of a profile with its path in the object. The text contains the names of profile and field too. */
const problemOf = (
  { config, index }: Candidate,
  { field, message, severity }: PlanProblem,
  isElsewhere: boolean
): Problem => ({
  severity,
  config: config.name,
  path: `spec.profile[${index}]${field === "" ? "" : `.${field}`}`,
  message: `profile "${config.profiles[index]?.name ?? ""}"${field === "" ? "" : `, ${field}:`} ${message}`,
  ...(isElsewhere ? { elsewhere: true } : {})
})

/** Keys of the profiles that this node runs, or would run if they were able to. */
const keysHere = ({ conflicts, running, selection }: Settled): ReadonlySet<string> =>
  new Set([
    ...[...running, ...conflicts.map(({ loser }) => loser)].map(({ selected }) =>
      profileKey(selected.uid, selected.name)
    ),
    ...selection.invalid.map(({ name, uid }) => profileKey(uid, name))
  ])

const profileProblems = (settled: Settled): ReadonlyArray<Problem> => {
  const here = keysHere(settled)
  return [...settled.candidates].flatMap(([key, candidate]) =>
    candidate.problems.map((problem) => problemOf(candidate, problem, !here.has(key)))
  )
}

const rolledBackProfiles = (settled: Settled): ReadonlyArray<RolledBackProfile> => {
  const here = keysHere(settled)
  return [...settled.candidates].flatMap(([key, { config, index, rejected, versions: [best] }]) => {
    const name = config.profiles[index]?.name
    if (name === undefined || !here.has(key) || rejected?.by !== "FailedToStart") return []
    const isTried = best !== undefined &&
      (best.profile === config.profiles[index] || Equal.equals(best.profile, rejected.profile))
    if (isTried) return []
    const instead = best === undefined
      ? "what is recommended at the next priority runs instead"
      : `its last version that worked${generationText(best.generation)} runs instead`
    return [{ config: config.name, name, message: `profile "${name}" did not start: ${rejected.message}; ${instead}` }]
  })
}

/** NICs may be plugged in or renamed later, so an unknown name is only a warning. */
const unknownInterfaces = (
  running: ReadonlyArray<Winner>,
  known: ReadonlyArray<string> | undefined
): ReadonlyArray<Problem> =>
  running.flatMap(({ candidate, version }) =>
    namedInterfaces(version).filter((nic) => known?.includes(nic) === false).map((nic) => {
      const field = version.profile.interface?.trim() === nic ? "interface" : ""
      return problemOf(candidate, {
        severity: "warning",
        field,
        message: `names ${nic}, which this node does not have`
      }, false)
    })
  )

const namedInterfaces = ({ plan }: ProfileVersion): ReadonlyArray<string> => [
  ...new Set(plan.processes.flatMap(({ interfaces }) => interfaces))
]
