/**
 * The versions of each profile that may run, best first: what stands in the object, else what was last valid.
 */
import { Equal } from "effect"
import type { NodePTPCfg, PtpProfile } from "../kubernetes/NodePTPCfg.ts"
import { knownPlan } from "./KnownPlans.ts"
import type { ValidProfile } from "./LastValid.ts"
import type { PlanContext } from "./PlanContext.ts"
import { type PlanProblem, planWarning } from "./PlanProblem.ts"
import { isValidPlan, type ProfilePlan } from "./ProfilePlan.ts"
import { generationText } from "./ReadObjects.ts"

/** A profile as it stood in its object at one generation, and its plan. */
export interface ProfileVersion {
  readonly profile: PtpProfile
  readonly generation: number | undefined
  readonly plan: ProfilePlan
}

/** A profile of an object and what can be done with it. */
export interface Candidate {
  readonly config: NodePTPCfg
  /** Its place in `spec.profile`. */
  readonly index: number
  /** Valid ones; the first is the one to run. Empty: the profile counts as missing. */
  readonly versions: ReadonlyArray<ProfileVersion>
  /** Of what stands in the object. */
  readonly problems: ReadonlyArray<PlanProblem>
}

/** Names a profile across all objects. */
export const profileKey = (uid: string, profile: string): string => JSON.stringify([uid, profile])

/** One candidate for each profile, by `profileKey`. */
export const candidatesOf = (
  configs: ReadonlyArray<NodePTPCfg>,
  remembered: ReadonlyArray<ValidProfile>,
  setup: Pick<PlanContext, "version" | "runDir">
): ReadonlyMap<string, Candidate> => {
  const lastValid = new Map(remembered.map((valid) => [profileKey(valid.uid, valid.profile.name), valid]))
  const candidates = new Map<string, Candidate>()
  for (const config of configs) {
    const plan = (profile: PtpProfile, generation: number | undefined): ProfileVersion => ({
      profile,
      generation,
      plan: knownPlan({ ...setup, config: config.name, profile })
    })
    for (const [index, profile] of config.profiles.entries()) {
      const current = plan(profile, config.generation)
      const key = profileKey(config.uid, profile.name)
      const earlier = lastValid.get(key)
      // Only a phc2sys for all can still turn out not to be valid, by the other winners.
      const needsEarlier = !isValidPlan(current.plan) || current.plan.phc2sysForAll !== undefined
      const fallback = earlier === undefined || !needsEarlier || Equal.equals(earlier.profile, profile)
        ? []
        : [plan(earlier.profile, earlier.generation)]
      const versions = [current, ...fallback].filter((version) => isValidPlan(version.plan))
      const problems = [...current.plan.problems, ...(versions[0] === current ? [] : fallbackProblems(versions[0]))]
      candidates.set(key, { config, index, versions, problems })
    }
  }
  return candidates
}

/** The candidate after its best version turned out not to be valid among the node's winners. */
export const withoutBest = (candidate: Candidate, reasons: ReadonlyArray<PlanProblem>): Candidate => {
  const versions = candidate.versions.slice(1)
  return { ...candidate, versions, problems: [...candidate.problems, ...reasons, ...fallbackProblems(versions[0])] }
}

const fallbackProblems = (version: ProfileVersion | undefined): ReadonlyArray<PlanProblem> =>
  version === undefined
    ? []
    : [planWarning("", `is not valid: its last valid version${generationText(version.generation)} counts instead`)]

/** The version to remember of each profile: the best one, or what was remembered when none can run now. */
export const validProfiles = (
  candidates: ReadonlyMap<string, Candidate>,
  remembered: ReadonlyArray<ValidProfile>
): ReadonlyArray<ValidProfile> => {
  const lastValid = new Map(remembered.map((valid) => [profileKey(valid.uid, valid.profile.name), valid]))
  return [...candidates].flatMap(([key, { config, versions: [best] }]) => {
    const earlier = lastValid.get(key)
    if (best === undefined) return earlier === undefined ? [] : [earlier]
    const { generation, profile } = best
    return [{ uid: config.uid, profile, ...(generation === undefined ? {} : { generation }) }]
  })
}
