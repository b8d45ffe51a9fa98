/** A mistake in a profile, by field. All planning code uses this form for options and configuration texts. */
import type { ConfigProblem } from "../linuxptp/ConfigFile.ts"
import type { OptionProblem } from "../linuxptp/Options.ts"

/** `field` is a field of the profile (`ptp4lOpts`), or empty for the profile as a whole. */
export interface PlanProblem {
  readonly severity: "error" | "warning"
  readonly field: string
  readonly message: string
}

/** A profile with such a problem is not valid. */
export const isError = (problem: { readonly severity: "error" | "warning" }): boolean => problem.severity === "error"

/** A mistake that makes the profile invalid. */
export const planError = (field: string, message: string): PlanProblem => ({ severity: "error", field, message })

/** A mistake with which the profile still runs. */
export const planWarning = (field: string, message: string): PlanProblem => ({ severity: "warning", field, message })

/** Problems of a `…Opts` field; each names the option. */
export const ofOptions = (field: string, problems: ReadonlyArray<OptionProblem>): ReadonlyArray<PlanProblem> =>
  problems.map(({ message, option, severity }) => ({ severity, field, message: `${option}: ${message}` }))

/** Problems of a `…Conf` field; each names the line and the option. */
export const ofConfigText = (field: string, problems: ReadonlyArray<ConfigProblem>): ReadonlyArray<PlanProblem> =>
  problems.map(({ line, message, option, severity }) => {
    const where = line === 0 ? "" : `line ${line}: `
    return { severity, field, message: option === "" ? `${where}${message}` : `${where}${option}: ${message}` }
  })
