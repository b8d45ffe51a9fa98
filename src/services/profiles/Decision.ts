/**
 * The decision for one node, as a value: what runs and why, what does not run and why, and which mistakes were found.
 * `plan` prints it, ReconcileProfiles applies it, PublishNodeStatus and ObserveClocks read it.
 */
import type { ProcessSpec } from "../processes/ProcessSpec.ts"

/** A mistake that a person should correct. `path` names the field, such as `spec.recommend[0].priority`. */
export interface Problem {
  readonly severity: "error" | "warning"
  /** The name of the NodePTPCfg, or of the file if no object could be read. */
  readonly config: string
  readonly path: string
  readonly message: string
  /**
   * Set if the field is in a profile that this node would not run. Then it does not count as a mistake of this node.
   */
  readonly elsewhere?: true
  /** The kind of mistake, where a user can tell it from a field that is wrong. The condition `Applied` has it. */
  readonly reason?: "InterfaceMissing" | "MissingProfile" | "AmbiguousProfile"
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

/** A recommendation that did not win, or a profile that nobody recommends. */
export interface SkippedProfile {
  readonly config: string
  readonly name: string
  readonly reason: SkipReason
  readonly message: string
}

/**
 * A clock is LOCKED if its offset is within these bounds. `holdOverTimeoutSeconds` is the length of HOLDOVER after the
 * master is lost.
 */
export interface ClockThreshold {
  readonly holdOverTimeoutSeconds: number
  readonly maxOffsetNs: number
  readonly minOffsetNs: number
}

/** A profile that runs on this node. */
export interface ChosenProfile {
  /** The name of the NodePTPCfg that contains the profile. */
  readonly config: string
  readonly name: string
  readonly generation: number | undefined
  /** `null` if the recommendation has none. */
  readonly priority: number | null
  /** `nodeName worker-1` or `nodeLabel key=value`. */
  readonly matchedBy: string
  /** NICs of the profile, in port order. */
  readonly interfaces: ReadonlyArray<string>
  readonly clockThreshold: ClockThreshold
  readonly settings: Readonly<Record<string, string>>
}

/** A profile whose version in the object did not start. Something else runs instead. */
export interface RolledBackProfile {
  readonly config: string
  readonly name: string
  /** "RolledBack" until the next edit, or "StartFailed" by something outside of the text: then it is tried again. */
  readonly reason: "RolledBack" | "StartFailed"
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

/** The warnings that concern this node. */
export const warningsOf = (decision: Decision): ReadonlyArray<Problem> => hereOf(decision, "warning")

const hereOf = ({ problems }: Decision, severity: Problem["severity"]) =>
  problems.filter((problem) => problem.severity === severity && problem.elsewhere !== true)
