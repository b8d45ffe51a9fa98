/** What happens to a node's memory, and what it wants to be done: the two sides of the state machine in NodeMemory. */
import type { Option } from "effect"
import type { SeenFile } from "../devices/DeviceDiscovery.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import type { ProcessStatus } from "../processes/ProcessSupervisor.ts"
import type { Decision } from "./Decision.ts"
import type { DecisionFacts } from "./DecisionFacts.ts"
import type { KnownGood } from "./LastKnownGood.ts"

/** Why something is decided, and since when it has to be decided, in monotonic nanoseconds. */
export interface Trigger extends Pick<DecisionFacts, "cause"> {
  readonly since: bigint
}

export type NodeMemoryEvent =
  | { readonly _tag: "FactsChanged"; readonly facts: DecisionFacts }
  | { readonly _tag: "StatusesChanged"; readonly statuses: ReadonlyArray<ProcessStatus> }
  /** The asked programs have checked the configurations and accept them, except for `refusal`. */
  | {
    readonly _tag: "ConfigurationsChecked"
    readonly asked: ReadonlyArray<ProcessSpec>
    readonly refusal: Option.Option<Refusal>
  }
  /** A version was rejected, or a rejection was withdrawn. */
  | { readonly _tag: "RejectionsChanged" }
  /** Those of the paths of the last `LookAtFiles` that exist. */
  | { readonly _tag: "FilesSeen"; readonly files: ReadonlyArray<SeenFile> }
  /** The time of the last `WaitUntil` has come. */
  | { readonly _tag: "Due" }

/** A program's own words against the configuration of one process. */
export interface Refusal {
  readonly spec: ProcessSpec
  readonly message: string
}

export type NodeMemoryAction =
  /** Ask programs about these specs, and stop asking about others. The answer is the event `ConfigurationsChecked`. */
  | { readonly _tag: "AskPrograms"; readonly asked: ReadonlyArray<ProcessSpec>; readonly trigger: Trigger }
  | {
    readonly _tag: "Apply"
    readonly decision: Decision
    readonly isFromDisk: boolean
    readonly trigger: Trigger
  }
  | { readonly _tag: "KeepKnownGood"; readonly knownGood: KnownGood }
  /** Leads to the event `RejectionsChanged`. */
  | { readonly _tag: "DecideAgain" }
  | { readonly _tag: "TellLinuxptpMissing" }
  /** The answer is the event `FilesSeen`. */
  | { readonly _tag: "LookAtFiles"; readonly paths: ReadonlyArray<string> }
  /** Send `Due` at this monotonic nanosecond. It replaces an earlier `WaitUntil`. */
  | { readonly _tag: "WaitUntil"; readonly monotonicNanos: bigint }
