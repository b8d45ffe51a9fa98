/**
 * The versions of each profile that may run, the best first: the one in the object, then the one that was last valid or
 * worked last. If a version was rejected (Rollback) or names an interface that is missing, the first of this list is
 * what runs instead.
 */
import { Equal } from "effect"
import type { NodePTPCfg, PtpProfile } from "../kubernetes/NodePTPCfg.ts"
import type { PausableWork } from "../PausableWork.ts"
import type { Planner } from "./KnownPlans.ts"
import { namedInterfaces } from "./MissingInterface.ts"
import type { PlanContext } from "./PlanContext.ts"
import { planError, type PlanProblem, planWarning } from "./PlanProblem.ts"
import { profileKey } from "./ProfileKey.ts"
import { isValidPlan, type ProfilePlan } from "./ProfilePlan.ts"
import { generationText } from "./ReadObjects.ts"
import { type RejectedProfile, type ValidProfile, validProfile, type VersionMemory } from "./VersionMemory.ts"

/** A profile as its object contained it at one generation, and its plan. */
export interface ProfileVersion {
  readonly profile: PtpProfile
  readonly generation: number | undefined
  readonly plan: ProfilePlan
  /** The interfaces that it names and the node does not have. Empty if it has worked here. */
  readonly missing: ReadonlyArray<string>
  /** It did not start, or an interface is missing: it is tried only where nothing else can run. */
  readonly isDoubtful: boolean
}

/** A profile of an object, and its versions that can run. */
export interface Candidate {
  readonly config: NodePTPCfg
  readonly name: string
  /** Its position in `spec.profile`; undefined if the object does not contain it any more. */
  readonly index: number | undefined
  /** The version in the object, if that is valid. */
  readonly current: ProfileVersion | undefined
  /** Valid versions; the first one is to run. If there is none, the profile counts as missing. */
  readonly versions: ReadonlyArray<ProfileVersion>
  /** The problems of the version in the object. */
  readonly problems: ReadonlyArray<PlanProblem>
  /** Versions that passed every check but did not run: the one in the object, or earlier ones. */
  readonly rejected: ReadonlyArray<RejectedProfile>
}

/** The remembered versions of profiles, by `profileKey`. */
interface Remembered {
  readonly valid: ReadonlyMap<string, ValidProfile>
  readonly worked: ReadonlyMap<string, ValidProfile>
  readonly rejected: ReadonlyMap<string, ReadonlyArray<RejectedProfile>>
}

const keyOf = ({ profile, uid }: ValidProfile): string => profileKey(uid, profile.name)

const byKey = (versions: ReadonlyArray<ValidProfile>): ReadonlyMap<string, ValidProfile> =>
  new Map(versions.map((version) => [keyOf(version), version]))

/** What the planning of every profile of a node needs. */
export interface PlanSetup extends Pick<PlanContext, "version" | "runDir"> {
  readonly planner: Planner
  /** The names of the node's interfaces; undefined if they are not known. */
  readonly interfaces: ReadonlySet<string> | undefined
}

/** One candidate for each profile, by `profileKey`. */
export function* candidatesOf(
  configs: ReadonlyArray<NodePTPCfg>,
  memory: VersionMemory,
  setup: PlanSetup
): PausableWork<ReadonlyMap<string, Candidate>> {
  const remembered = {
    valid: byKey(memory.profiles),
    worked: byKey(memory.worked),
    rejected: Map.groupBy(memory.rejected, keyOf)
  }
  const candidates = new Map<string, Candidate>()
  const add = (config: NodePTPCfg, name: string, index: number | undefined) => {
    const key = profileKey(config.uid, name)
    candidates.set(key, candidateOf({ config, index, name, key }, remembered, setup))
  }
  for (const config of configs) {
    for (const [index, { name }] of config.profiles.entries()) {
      add(config, name, index)
      yield
    }
  }
  for (const { holder, profile } of memory.references ?? []) {
    const config = configs.find(({ uid }) => uid === holder)
    // Its object does not contain it any more, but a recommendation that ran may still mean it.
    if (config !== undefined && !candidates.has(profileKey(holder, profile))) add(config, profile, undefined)
  }
  return candidates
}

const none: ReadonlyArray<RejectedProfile> = []

interface HeldProfile extends Pick<Candidate, "config" | "index" | "name"> {
  readonly key: string
}

const candidateOf = (
  { config, index, key, name }: HeldProfile,
  remembered: Remembered,
  setup: PlanSetup
): Candidate => {
  const rejected = remembered.rejected.get(key) ?? none
  const [valid, worked] = [remembered.valid.get(key), remembered.worked.get(key)]
  const look = (profile: PtpProfile, generation: number | undefined) =>
    versionOf(config.name, profile, generation, { rejected, worked }, setup)
  const profile = index === undefined ? undefined : config.profiles[index]
  const inObject = profile === undefined ? undefined : look(profile, config.generation)
  const current = inObject !== undefined && isValidPlan(inObject.plan) ? inObject : undefined
  // Nearly all profiles of a large cluster are as they were, and have never run here.
  if (current !== undefined && worked === undefined && rejected === none && valid?.profile === profile) {
    return { config, name, index, rejected, current, versions: [current], problems: current.plan.problems }
  }
  const refusalOf = (text: PtpProfile | undefined) =>
    rejected.find((one) => one.by === "Refused" && Equal.equals(one.profile, text))
  const refused = refusalOf(profile)
  const earlier = [valid, worked]
    .flatMap((version) => version === undefined || Equal.equals(version.profile, profile) ? [] : [version])
    .filter((version) => refusalOf(version.profile) === undefined)
    .map((version) => look(version.profile, version.generation))
    .filter((version) => isValidPlan(version.plan))
  const rest = { config, name, index, rejected, current }
  if (current !== undefined && refused === undefined) {
    // The present version may still turn out to be invalid on this node, because of its NICs or the other winners.
    return { ...rest, versions: best([current, ...best(earlier).slice(0, 1)]), problems: current.plan.problems }
  }
  const versions = best(earlier).slice(0, 1)
  const refusal = current !== undefined && refused !== undefined
    ? [planError("", `is refused by its own program: ${refused.message}`)]
    : []
  const problems = [...inObject?.plan.problems ?? [], ...refusal]
  return { ...rest, versions, problems: index === undefined ? [] : [...problems, ...fallbackProblems(versions[0])] }
}

/** Doubtful versions come after all others: the cause of a failure may disappear, and a NIC may come. */
const best = (versions: ReadonlyArray<ProfileVersion>): ReadonlyArray<ProfileVersion> =>
  versions.toSorted((a, b) => Number(a.isDoubtful) - Number(b.isDoubtful))

const versionOf = (
  config: string,
  profile: PtpProfile,
  generation: number | undefined,
  known: { readonly rejected: ReadonlyArray<RejectedProfile>; readonly worked: ValidProfile | undefined },
  { interfaces, planner, runDir, version }: PlanSetup
): ProfileVersion => {
  const plan = planner.plan({ version, runDir, config, profile })
  const hasWorked = Equal.equals(known.worked?.profile, profile)
  const missing = interfaces === undefined || hasWorked
    ? []
    : namedInterfaces(plan).filter((name) => !interfaces.has(name))
  const isRejected = known.rejected.some((one) => Equal.equals(one.profile, profile))
  return { profile, generation, plan, missing, isDoubtful: isRejected || missing.length > 0 }
}

/** The candidate after its best version turned out to be invalid on this node. */
export const withoutBest = (candidate: Candidate, reasons: ReadonlyArray<PlanProblem>): Candidate => {
  const versions = candidate.versions.slice(1)
  return { ...candidate, versions, problems: [...candidate.problems, ...reasons, ...fallbackProblems(versions[0])] }
}

const fallbackProblems = (version: ProfileVersion | undefined): ReadonlyArray<PlanProblem> =>
  version === undefined
    ? []
    : [planWarning("", `is not valid: its last valid version${generationText(version.generation)} counts instead`)]

/** There may be one for each edit that is refused; only the last ones can come back. */
const mostRejected = 3

/**
 * The memory after a decision: of each profile the best version, or what was remembered if none can run now. Deleted
 * profiles are forgotten. A rejection is forgotten with the next edit.
 */
export const rememberCandidates = (
  candidates: ReadonlyMap<string, Candidate>,
  memory: VersionMemory
): Pick<VersionMemory, "profiles" | "worked" | "rejected"> => {
  const lastValid = byKey(memory.profiles)
  return {
    profiles: [...candidates].flatMap(([key, { config, versions: [first] }]) => {
      const earlier = lastValid.get(key)
      if (first === undefined) return earlier === undefined ? [] : [earlier]
      if (earlier?.profile === first.profile && earlier.generation === first.generation) return [earlier]
      return [validProfile(config.uid, first.profile, first.generation)]
    }),
    worked: memory.worked.filter((version) => candidates.has(keyOf(version))),
    // The next edit that can run is a new trial.
    rejected: [...candidates.values()].flatMap(({ current, rejected, versions: [first] }) => {
      const isMended = first !== undefined && first === current && !first.isDoubtful
      return isMended ? [] : rejected.slice(-mostRejected)
    })
  }
}
