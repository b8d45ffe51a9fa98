/**
 * Plans of profiles that were planned before. A cluster has thousands of profiles and changes one at a time, and
 * planning all of them takes seconds in which nothing is supervised. Reuse is by identity: the watch keeps objects that
 * did not change, decoding keeps their profiles, and a plan goes with its profile.
 */
import type { PtpProfile } from "../kubernetes/NodePTPCfg.ts"
import type { PlanContext } from "./PlanContext.ts"
import { planProfile, type ProfilePlan } from "./ProfilePlan.ts"

interface KnownPlan {
  readonly context: PlanContext
  readonly plan: ProfilePlan
}

/** What one decision planned, for the next one. */
export type KnownPlans = ReadonlyMap<PtpProfile, KnownPlan>

/** Plans profiles, or finds them among those that were planned before, and gathers them in `plans`. */
export interface Planner {
  readonly plan: (context: PlanContext) => ProfilePlan
  /** All that were asked for, so that what is gone is forgotten. */
  readonly plans: KnownPlans
}

export const makePlanner = (before: KnownPlans): Planner => {
  const plans = new Map<PtpProfile, KnownPlan>()
  return {
    plans,
    plan: (context) => {
      const known = plans.get(context.profile) ?? before.get(context.profile)
      const plan = known !== undefined && isSameSetup(known.context, context) ? known.plan : planProfile(context)
      plans.set(context.profile, { context, plan })
      return plan
    }
  }
}

const isSameSetup = (a: PlanContext, b: PlanContext): boolean =>
  a.config === b.config && a.runDir === b.runDir && a.version.major === b.version.major &&
  a.version.minor === b.version.minor && a.version.patch === b.version.patch
