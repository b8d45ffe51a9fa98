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

const plans = new WeakMap<PtpProfile, KnownPlan>()

/** Plans the profile of `context`, or gives the plan of it that was made from the same. */
export const knownPlan = (context: PlanContext): ProfilePlan => {
  const known = plans.get(context.profile)
  if (known !== undefined && isSameSetup(known.context, context)) return known.plan
  const plan = planProfile(context)
  plans.set(context.profile, { context, plan })
  return plan
}

const isSameSetup = (a: PlanContext, b: PlanContext): boolean =>
  a.config === b.config && a.runDir === b.runDir && a.version.major === b.version.major &&
  a.version.minor === b.version.minor && a.version.patch === b.version.patch
