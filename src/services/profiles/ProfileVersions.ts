/**
 * The versions of each profile that may run, the best first: the one in the object, then the one that was last valid or
 * worked last. If a version was rejected (Rollback), the first of this list is what runs instead.
 */
import { Equal } from "effect"
import type { NodePTPCfg, PtpProfile } from "../kubernetes/NodePTPCfg.ts"
import type { Planner } from "./KnownPlans.ts"
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
}

/** A profile of an object, and its versions that can run. */
export interface Candidate {
  readonly config: NodePTPCfg
  /** Its position in `spec.profile`. */
  readonly index: number
  /** Valid versions; the first one is to run. If there is none, the profile counts as missing. */
  readonly versions: ReadonlyArray<ProfileVersion>
  /** The problems of the version in the object. */
  readonly problems: ReadonlyArray<PlanProblem>
  /** A version that passed every check but did not run: the one in the object, or an earlier one. */
  readonly rejected: RejectedProfile | undefined
}

/** The remembered versions of profiles, by `profileKey`. */
interface Remembered {
  readonly valid: ReadonlyMap<string, ValidProfile>
  readonly worked: ReadonlyMap<string, ValidProfile>
  readonly rejected: ReadonlyMap<string, RejectedProfile>
}

const byKey = <A extends ValidProfile>(versions: ReadonlyArray<A>): ReadonlyMap<string, A> =>
  new Map(versions.map((version) => [profileKey(version.uid, version.profile.name), version]))

/** What the planning of every profile of a node needs. */
export interface PlanSetup extends Pick<PlanContext, "version" | "runDir"> {
  readonly planner: Planner
}

/** One candidate for each profile, by `profileKey`. */
export const candidatesOf = (
  configs: ReadonlyArray<NodePTPCfg>,
  memory: VersionMemory,
  setup: PlanSetup
): ReadonlyMap<string, Candidate> => {
  const remembered = {
    valid: byKey(memory.profiles),
    worked: byKey(memory.worked),
    rejected: byKey(memory.rejected)
  }
  const candidates = new Map<string, Candidate>()
  for (const config of configs) {
    for (const [index, profile] of config.profiles.entries()) {
      const key = profileKey(config.uid, profile.name)
      candidates.set(key, candidateOf({ config, index, profile, key }, remembered, setup))
    }
  }
  return candidates
}

interface HeldProfile {
  readonly config: NodePTPCfg
  readonly index: number
  readonly profile: PtpProfile
  readonly key: string
}

const candidateOf = (
  { config, index, key, profile }: HeldProfile,
  remembered: Remembered,
  { planner, runDir, version }: PlanSetup
): Candidate => {
  const plan = (text: PtpProfile, generation: number | undefined): ProfileVersion => ({
    profile: text,
    generation,
    plan: planner.plan({ version, runDir, config: config.name, profile: text })
  })
  const current = plan(profile, config.generation)
  const isValid = isValidPlan(current.plan)
  const rejected = remembered.rejected.get(key)
  const isRejected = (version: PtpProfile) => rejected !== undefined && Equal.equals(rejected.profile, version)
  /** The first of these that is another version and can run. A rejected one is used only if there is no other. */
  const earlier = (versions: ReadonlyArray<ValidProfile | undefined>) =>
    versions
      .flatMap((version) => version === undefined || Equal.equals(version.profile, profile) ? [] : [version])
      .sort((a, b) => Number(isRejected(a.profile)) - Number(isRejected(b.profile)))
      .map((version) => plan(version.profile, version.generation))
      .filter((version) => isValidPlan(version.plan))
      .slice(0, 1)
  const [valid, worked] = [remembered.valid.get(key), remembered.worked.get(key)]
  const rest = { config, index, rejected }
  if (isValid && !isRejected(profile)) {
    // The present version may still turn out to be invalid on this node, because of its NICs or the other winners.
    return { ...rest, versions: [current, ...earlier([valid, worked])], problems: current.plan.problems }
  }
  if (isValid && rejected?.by === "FailedToStart") {
    // If no version has worked, the rejected one is tried again: the cause of its failure may disappear.
    const versions = earlier([worked])
    return { ...rest, versions: versions.length > 0 ? versions : [current], problems: current.plan.problems }
  }
  const versions = earlier([valid, worked])
  const refusal = isValid && rejected !== undefined
    ? [planError("", `is refused by its own program: ${rejected.message}`)]
    : []
  return { ...rest, versions, problems: [...current.plan.problems, ...refusal, ...fallbackProblems(versions[0])] }
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

/**
 * The memory after a decision: of each profile the best version, or what was remembered if none can run now. Deleted
 * profiles are forgotten. A rejection is forgotten with the next edit.
 */
export const rememberCandidates = (
  candidates: ReadonlyMap<string, Candidate>,
  memory: VersionMemory
): Omit<VersionMemory, "objects"> => {
  const lastValid = byKey(memory.profiles)
  return {
    profiles: [...candidates].flatMap(([key, { config, versions: [best] }]) => {
      const earlier = lastValid.get(key)
      if (best === undefined) return earlier === undefined ? [] : [earlier]
      return [validProfile(config.uid, best.profile, best.generation)]
    }),
    worked: memory.worked.filter(({ profile, uid }) => candidates.has(profileKey(uid, profile.name))),
    // The next edit that can run is a new trial.
    rejected: [...candidates.values()].flatMap(({ config, index, rejected, versions: [best] }) => {
      const isMended = best !== undefined && best.profile === config.profiles[index] &&
        !Equal.equals(best.profile, rejected?.profile)
      return rejected === undefined || isMended ? [] : [rejected]
    })
  }
}
