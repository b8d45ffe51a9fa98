/**
 * Everything that was decided for one node, as a value: what runs, why, what lost and why, what is wrong.
 * `plan` prints it, the reconciler applies it, the status publisher and the clock observer read it.
 */
import type { ProcessSpec } from "../processes/ProcessSpec.ts"

/** Something a person should mend. `path` names the field: `spec.recommend[0].priority`. */
export interface Problem {
  readonly severity: "error" | "warning"
  /** Name of the NodePTPCfg, or of the file where no object could be read. */
  readonly config: string
  readonly path: string
  readonly message: string
  /** Set when the field stands in a profile that this node would not run: a mistake, but not this node's. */
  readonly elsewhere?: true
}

export type SkipReason =
  | "NoMatch"
  | "LowerPriority"
  | "MissingProfile"
  | "AmbiguousProfile"
  | "InvalidProfile"
  | "InterfaceConflict"
  | "ClockConflict"
  | "NotRecommended"

/** A recommend entry that did not win, or a profile that nobody recommends. */
export interface SkippedProfile {
  readonly config: string
  readonly name: string
  readonly reason: SkipReason
  readonly message: string
}

/** Offsets within the bounds are LOCKED; `holdOverTimeoutSeconds` is how long HOLDOVER lasts without a master. */
export interface ClockThreshold {
  readonly holdOverTimeoutSeconds: number
  readonly maxOffsetNs: number
  readonly minOffsetNs: number
}

/** A profile that won on this node. */
export interface ChosenProfile {
  /** Name of the NodePTPCfg that holds the profile. */
  readonly config: string
  readonly name: string
  readonly generation: number | undefined
  /** `null`: the recommendation has none. */
  readonly priority: number | null
  /** `nodeName worker-1` or `nodeLabel key=value`. */
  readonly matchedBy: string
  /** NICs of the profile, in port order. */
  readonly interfaces: ReadonlyArray<string>
  readonly clockThreshold: ClockThreshold
  readonly settings: Readonly<Record<string, string>>
}

/** A profile whose version in the object turned out not to start; something else runs in its place. */
export interface RolledBackProfile {
  readonly config: string
  readonly name: string
  /** Why, in the program's own words, and what runs instead. */
  readonly message: string
}

export interface Decision {
  readonly profiles: ReadonlyArray<ChosenProfile>
  readonly skipped: ReadonlyArray<SkippedProfile>
  readonly processes: ReadonlyArray<ProcessSpec>
  readonly problems: ReadonlyArray<Problem>
  readonly rolledBack: ReadonlyArray<RolledBackProfile>
}

/** The mistakes that concern this node. */
export const mistakesOf = (decision: Decision): ReadonlyArray<Problem> => hereOf(decision, "error")

/** What this node runs in spite of. */
export const warningsOf = (decision: Decision): ReadonlyArray<Problem> => hereOf(decision, "warning")

const hereOf = ({ problems }: Decision, severity: Problem["severity"]) =>
  problems.filter((problem) => problem.severity === severity && problem.elsewhere !== true)
