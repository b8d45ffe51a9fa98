/**
 * The fields of a profile that are for the daemon and not for a program: clock thresholds, scheduling, `ptpSettings`.
 */
import { didYouMeanText } from "../DidYouMean.ts"
import type { PtpProfile } from "../kubernetes/NodePTPCfg.ts"
import { lineFilter, lineFilterExpected } from "../linuxptp/LineFilter.ts"
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

/** For each key, a description of its values and a check. */
const knownSettings: ReadonlyMap<string, { readonly expected: string; readonly is: (value: string) => boolean }> =
  new Map([
    ["logReduce", {
      expected: "false, basic, true or enhanced [window] [threshold ns]",
      is: (value) => /^\s*(?:false|basic|true|enhanced(?:\s+\S{1,20}){0,2})\s*$/i.test(value)
    }],
    ["stdoutFilter", { expected: lineFilterExpected, is: (value) => lineFilter(value) !== undefined }]
  ])

/** The settings that have a meaning. Others give a warning and are ignored; they never stop a clock. */
export const knownPtpSettings = ({ ptpSettings = {} }: PtpProfile): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(ptpSettings).filter(([key, value]) => knownSettings.get(key)?.is(value) === true))

/** The mistakes in the daemon's own fields. */
export const settingProblems = (profile: PtpProfile): ReadonlyArray<PlanProblem> => [
  ...Object.entries(profile.ptpSettings ?? {}).flatMap(([key, value]) => {
    const setting = knownSettings.get(key)
    if (setting?.is(value) === true) return []
    const message = setting === undefined
      ? `is not a setting of this daemon${didYouMeanText(key, knownSettings.keys())}`
      : `must be ${setting.expected}`
    return [planWarning("ptpSettings", `${key.slice(0, 40)}: ${message}; it is ignored`)]
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
