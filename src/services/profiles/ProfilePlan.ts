/**
 * Plans the processes of one profile before anything is known about the node's other profiles. `decide` plans every
 * profile, because a profile that is not valid must not even take part in the selection.
 */
import type { Program } from "../linuxptp/Program.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import { bindPhc2sys, type Phc2sysDraft, readPhc2sys } from "./Phc2sysPlan.ts"
import type { PlanContext } from "./PlanContext.ts"
import { isError, planError, type PlanProblem, planWarning } from "./PlanProblem.ts"
import { settingProblems } from "./ProfileSettings.ts"
import { planPtp4l, type Ptp4lServer } from "./Ptp4lPlan.ts"
import { planTimemaster } from "./TimemasterPlan.ts"
import { planTs2phc } from "./Ts2phcPlan.ts"

/** What a profile would run, what it claims for itself, and its mistakes. */
export interface ProfilePlan {
  /** Without a phc2sys that follows all ptp4l of the node. */
  readonly processes: ReadonlyArray<ProcessSpec>
  readonly ptp4l: Ptp4lServer | undefined
  /** A phc2sys with `-a` and without a ptp4l of its own. It is bound once the winners are known. */
  readonly phc2sysForAll: Phc2sysDraft | undefined
  /** NICs that its programs use: those of ptp4l or timemaster in the order of ports, then those of ts2phc. */
  readonly interfaces: ReadonlyArray<string>
  /** NICs that are a port of its ptp4l or belong to its timemaster. */
  readonly ports: ReadonlyArray<string>
  /** NICs whose clock its ts2phc or timemaster steers. */
  readonly steeredNics: ReadonlyArray<string>
  readonly systemClockWriters: ReadonlyArray<Program>
  readonly problems: ReadonlyArray<PlanProblem>
}

/** True for a plan that may run; it may contain warnings. */
export const isValidPlan = (plan: ProfilePlan): boolean => !plan.problems.some(isError)

/** Plans every program that the profile starts. */
export const planProfile = (context: PlanContext): ProfilePlan => {
  const ptp4l = planPtp4l(context)
  const draft = readPhc2sys(context)
  const servesAll = draft?.isAutomatic === true && ptp4l === undefined
  const phc2sys = draft === undefined || servesAll
    ? undefined
    : bindPhc2sys(draft, ptp4l === undefined ? [] : [ptp4l.server])
  const ts2phc = planTs2phc(context, ptp4l?.server)
  const timemaster = planTimemaster(context)
  const planned = [ptp4l, phc2sys, ts2phc, timemaster].filter((plan) => plan !== undefined)
  const systemClockWriters: ReadonlyArray<Program> = [
    ...(ptp4l?.writesSystemClock === true ? ["ptp4l" as const] : []),
    ...(draft?.writesSystemClock === true ? ["phc2sys" as const] : []),
    ...(timemaster === undefined ? [] : ["timemaster" as const])
  ]
  return {
    processes: planned.map((plan) => plan.spec),
    ptp4l: ptp4l?.server,
    phc2sysForAll: servesAll ? draft : undefined,
    ports: [ptp4l, timemaster].flatMap((plan) => plan?.interfaces ?? []),
    steeredNics: [...(ts2phc?.sinks ?? []), ...(timemaster?.interfaces ?? [])],
    interfaces: [...new Set([ptp4l, timemaster, ts2phc].flatMap((plan) => plan?.interfaces ?? []))],
    systemClockWriters,
    problems: [
      ...settingProblems(context.profile),
      ...planned.flatMap((plan) => plan.problems),
      ...(draft?.problems ?? []),
      ...unstartedProblems(context, draft, planned.length),
      ...clashes(systemClockWriters, ptp4l?.interfaces ?? [], timemaster?.interfaces ?? [])
    ]
  }
}

/** Fields of the profile that have no effect. */
const unstartedProblems = (
  { profile }: PlanContext,
  draft: Phc2sysDraft | undefined,
  programs: number
): ReadonlyArray<PlanProblem> => {
  const problems: Array<PlanProblem> = []
  if (draft === undefined && profile.phc2sysOpts !== undefined) {
    problems.push(planWarning("phc2sysOpts", "names no mode (-a, -s or -d): phc2sys does not start"))
  } else if (draft === undefined && profile.phc2sysConf !== undefined) {
    problems.push(planWarning("phc2sysConf", "has no effect: only phc2sysOpts with -a, -s or -d start phc2sys"))
  }
  if (profile.timemasterOpts !== undefined && profile.timemasterConf === undefined) {
    problems.push(planError("timemasterOpts", "timemaster has no configuration: timemasterConf is missing"))
  } else if (programs === 0 && draft === undefined) {
    problems.push(planWarning("", "starts no program"))
  }
  return problems
}

/** Two programs of one profile that would steer the same clock. */
const clashes = (
  writers: ReadonlyArray<Program>,
  ptp4lPorts: ReadonlyArray<string>,
  timemasterPorts: ReadonlyArray<string>
): ReadonlyArray<PlanProblem> => {
  const shared = ptp4lPorts.filter((name) => timemasterPorts.includes(name))
  return [
    ...(writers.length > 1 ? [planError("", `has several writers of the system clock: ${writers.join(" and ")}`)] : []),
    ...shared.map((name) => planError("timemasterConf", `${name} is a port of ptp4l too`))
  ]
}
