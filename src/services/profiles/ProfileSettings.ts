/**
 * The fields of a profile that are for the daemon and not for a program: clock thresholds, scheduling, `ptpSettings`.
 */
import { Result } from "effect"
import { didYouMeanText } from "../DidYouMean.ts"
import type { PtpProfile } from "../kubernetes/NodePTPCfg.ts"
import { lineFilter } from "../linuxptp/LineFilter.ts"
import type { ClockThreshold } from "./Decision.ts"
import { planError, type PlanProblem, planWarning } from "./PlanProblem.ts"

/** The values for a profile without thresholds. */
export const defaultClockThreshold: ClockThreshold = {
  holdOverTimeoutSeconds: 5,
  maxOffsetNs: 100,
  minOffsetNs: -100
}

/** The bounds of the offset for LOCKED, and the length of HOLDOVER. */
export const clockThreshold = ({ ptpClockThreshold: given }: PtpProfile): ClockThreshold => ({
  holdOverTimeoutSeconds: given?.holdOverTimeout ?? defaultClockThreshold.holdOverTimeoutSeconds,
  maxOffsetNs: given?.maxOffsetThreshold ?? defaultClockThreshold.maxOffsetNs,
  minOffsetNs: given?.minOffsetThreshold ?? defaultClockThreshold.minOffsetNs
})

const mode = /^\s*(?:false|basic|true|enhanced(?:\s+\S{1,20}){0,2})\s*$/i

/** For each key, what is wrong with a value. */
const knownSettings: ReadonlyMap<string, (value: string) => string | undefined> = new Map([
  [
    "logReduce",
    (value) => mode.test(value) ? undefined : "must be false, basic, true or enhanced [window] [threshold ns]"
  ],
  ["stdoutFilter", (value) =>
    Result.match(lineFilter(value), {
      onFailure: (reason) => `must be a regular expression in the syntax of Go (RE2): ${reason}`,
      onSuccess: () => undefined
    })]
])

/** The settings that have a meaning. Others give a warning and are ignored; they never stop a clock. */
export const knownPtpSettings = ({ ptpSettings = {} }: PtpProfile): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(ptpSettings).filter(([key, value]) => {
      const problemOf = knownSettings.get(key)
      return problemOf !== undefined && problemOf(value) === undefined
    })
  )

/** The mistakes in the daemon's own fields. */
export const settingProblems = (profile: PtpProfile): ReadonlyArray<PlanProblem> => [
  ...Object.entries(profile.ptpSettings ?? {}).flatMap(([key, value]) => {
    const problemOf = knownSettings.get(key)
    const problem = problemOf === undefined
      ? `is not a setting of this daemon${didYouMeanText(key, knownSettings.keys())}`
      : problemOf(value)
    return problem === undefined ? [] : [planWarning("ptpSettings", `${key.slice(0, 40)}: ${problem}; it is ignored`)]
  }),
  ...schedulingProblems(profile),
  ...thresholdProblems(clockThreshold(profile))
]

const schedulingProblems = (profile: PtpProfile): ReadonlyArray<PlanProblem> => {
  const hasPriority = profile.ptpSchedulingPriority !== undefined
  if (profile.ptpSchedulingPolicy === "SCHED_FIFO") {
    return hasPriority
      ? []
      : [planError("ptpSchedulingPriority", "is missing: SCHED_FIFO needs a priority from 1 to 65")]
  }
  return hasPriority ? [planWarning("ptpSchedulingPriority", "has no effect without SCHED_FIFO")] : []
}

const thresholdProblems = ({ maxOffsetNs, minOffsetNs }: ClockThreshold): ReadonlyArray<PlanProblem> =>
  minOffsetNs < maxOffsetNs
    ? []
    : [planError("ptpClockThreshold", `no offset lies between ${minOffsetNs} ns and ${maxOffsetNs} ns`)]
