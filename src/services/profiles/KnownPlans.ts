/**
 * Plans of profiles that were made for earlier decisions. A cluster may have thousands of profiles and usually one
 * changes at a time; planning all of them would take seconds in which nothing is supervised. A plan is found by the
 * identity of its profile: watches keep unchanged objects as the same value, and so does decoding with their profiles.
 */
import type { PtpProfile } from "../kubernetes/NodePTPCfg.ts"
import type { PlanContext } from "./PlanContext.ts"
import { planProfile, type ProfilePlan } from "./ProfilePlan.ts"

interface KnownPlan {
  readonly context: PlanContext
  readonly plan: ProfilePlan
}

/** The plans of one decision, for the next one. */
export type KnownPlans = ReadonlyMap<PtpProfile, KnownPlan>

/** Plans profiles or finds their earlier plans, and collects them in `plans`. */
export interface Planner {
  readonly plan: (context: PlanContext) => ProfilePlan
  /** Only plans that were asked for, so that plans of deleted profiles are forgotten. */
  readonly plans: KnownPlans
}

export const makePlanner = (before: KnownPlans): Planner => {
  const plans = new Map<PtpProfile, KnownPlan>()
  return {
    plans,
    plan: (context) => {
      const known = plans.get(context.profile) ?? before.get(context.profile)
      const used = known !== undefined && isSameSetup(known.context, context)
        ? known
        : { context, plan: planProfile(context) }
      plans.set(context.profile, used)
      return used.plan
    }
  }
}

const isSameSetup = (a: PlanContext, b: PlanContext): boolean =>
  a.config === b.config && a.runDir === b.runDir && a.version.major === b.version.major &&
  a.version.minor === b.version.minor && a.version.patch === b.version.patch
