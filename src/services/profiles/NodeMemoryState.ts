/** What one node remembers from one decision to the next, and how it begins. NodeMemory changes it, event by event. */
import type { NodeIdentity } from "../kubernetes/Node.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import type { ProcessStatus } from "../processes/ProcessSupervisor.ts"
import type { Decided, Known } from "./Decide.ts"
import type { DecisionFacts } from "./DecisionFacts.ts"
import type { KnownGood } from "./LastKnownGood.ts"
import type { Trigger } from "./NodeMemoryEvent.ts"
import { emptyPhcHistory, type PhcHistory } from "./PhcHistory.ts"
import type { Planned, SeenNic } from "./Rollback.ts"
import type { Trial } from "./Trials.ts"
import type { Unfollowed } from "./UnfollowedClocks.ts"
import { emptyVersionMemory, type VersionMemory } from "./VersionMemory.ts"

export interface NodeMemory {
  /** The directory that contains a directory for each process. */
  readonly runDir: string
  /** The latest facts; undefined until a decision is possible. */
  readonly facts: DecisionFacts | undefined
  readonly statuses: ReadonlyArray<ProcessStatus>
  /** Which versions were valid, have worked and were rejected. */
  readonly versions: VersionMemory
  readonly known: Known | undefined
  readonly phcs: PhcHistory
  /** The interfaces at the last decision; undefined until they are known. */
  readonly nics: ReadonlyArray<SeenNic> | undefined
  /** Versions that are tried again. */
  readonly trials: ReadonlyArray<Trial>
  /** The ptp4l that a phc2sys for all of them leaves out. */
  readonly unfollowed: Unfollowed
  readonly inForce: InForce
  readonly pending: Pending | undefined
  /** What was last handed over to be saved to disk. */
  readonly kept: KnownGood | undefined
}

/** The decision that is applied. */
interface InForce extends Planned {
  /** The planned processes, each with the number of its replaced clocks. */
  readonly applied: ReadonlyArray<ProcessSpec>
  /** Undefined until the first decision. */
  readonly node: NodeIdentity | undefined
  readonly isFromDisk: boolean
}

/** A decision that waits until programs have checked the configurations that they would get. */
export interface Pending {
  readonly facts: DecisionFacts
  readonly decided: Decided
  readonly asked: ReadonlyArray<ProcessSpec>
  readonly trigger: Trigger
}

/** Nothing is remembered until the first facts come with what is on disk. */
export const initialNodeMemory = (runDir: string): NodeMemory => ({
  runDir,
  facts: undefined,
  statuses: [],
  versions: emptyVersionMemory,
  known: undefined,
  phcs: emptyPhcHistory,
  nics: undefined,
  trials: [],
  unfollowed: new Map(),
  inForce: { running: [], processes: [], inherited: new Set(), applied: [], node: undefined, isFromDisk: true },
  pending: undefined,
  kept: undefined
})
