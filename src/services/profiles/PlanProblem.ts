/**
 * What is wrong with a profile, by field: the planner's common way to speak of options and configuration text.
 */
import type { ConfigProblem } from "../linuxptp/ConfigFile.ts"
import type { OptionProblem } from "../linuxptp/Options.ts"

/** `field` is one of the profile's (`ptp4lOpts`); empty for the profile as a whole. */
export interface PlanProblem {
  readonly severity: "error" | "warning"
  readonly field: string
  readonly message: string
}

/** A profile with one of these is not valid. */
export const isError = (problem: { readonly severity: "error" | "warning" }): boolean => problem.severity === "error"

/** A mistake: the profile is not valid with it. */
export const planError = (field: string, message: string): PlanProblem => ({ severity: "error", field, message })

/** A mistake that the profile runs in spite of. */
export const planWarning = (field: string, message: string): PlanProblem => ({ severity: "warning", field, message })

/** Rows of a `…Opts` field; each names the option. */
export const ofOptions = (field: string, problems: ReadonlyArray<OptionProblem>): ReadonlyArray<PlanProblem> =>
  problems.map(({ message, option, severity }) => ({ severity, field, message: `${option}: ${message}` }))

/** Rows of a `…Conf` field; each names the line and the option. */
export const ofConfigText = (field: string, problems: ReadonlyArray<ConfigProblem>): ReadonlyArray<PlanProblem> =>
  problems.map(({ line, message, option, severity }) => {
    const where = line === 0 ? "" : `line ${line}: `
    return { severity, field, message: option === "" ? `${where}${message}` : `${where}${option}: ${message}` }
  })
