/**
 * What a publication remembers, what can happen to it, and what it can want done. Publication.ts decides what follows
 * from what.
 */
import type { Option } from "effect"
import type { NetworkInterface } from "../devices/PtpDevice.ts"
import type { KubernetesApiError, NodeEvent } from "../kubernetes/KubernetesApi.ts"
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import type { NodePTPDevStatus } from "../kubernetes/NodePTPDev.ts"
import type { ProcessStatus } from "../processes/ProcessSupervisor.ts"
import type { StatusFacts } from "./NodeStatus.ts"
import { fullBudget, type WriteBudget } from "./WriteBudget.ts"

/** When something happened. Waits use the monotonic clock; wall time is only written into the status. */
export interface Moment {
  readonly monotonicNanos: bigint
  readonly wallMillis: number
}

/** Replace `previous`, the last status that was reported, by `next`. */
export interface StatusWrite {
  readonly _tag: "Write"
  readonly previous: NodePTPDevStatus | undefined
  readonly next: NodePTPDevStatus
  /** The processes from which `next` was made. */
  readonly statuses: ReadonlyArray<ProcessStatus>
  /** There is no object yet, so it must be created first, for the Node with this uid. */
  readonly isMissing: boolean
  readonly nodeUid: string | undefined
  /** The version that this may replace. Undefined means every version. */
  readonly resourceVersion: string | undefined
}

/** A request to the API server, made once: write the status, or read the object without the watch. */
export type PublicationRequest = StatusWrite | { readonly _tag: "Read" }

export type PublicationEvent =
  /** Something about the node is new. */
  | { readonly _tag: "Learned"; readonly facts: Partial<PublicationFacts> }
  /** The daemon is told to stop: one write more. */
  | { readonly _tag: "Stopping" }
  /** The watch has delivered the object; `None` if there is none. */
  | { readonly _tag: "Seen"; readonly object: Option.Option<KubernetesObject> }
  /** The time of the last `WaitUntil` has come. */
  | { readonly _tag: "Due" }
  | { readonly _tag: "Written"; readonly request: StatusWrite; readonly object: KubernetesObject }
  /** The answer to a `Read`. */
  | { readonly _tag: "Found"; readonly object: Option.Option<KubernetesObject> }
  /** `random` in [0, 1) is the share of the back-off that is waited. */
  | {
    readonly _tag: "Failed"
    readonly request: PublicationRequest
    readonly error: KubernetesApiError
    readonly random: number
  }

export type PublicationAction =
  | PublicationRequest
  | { readonly _tag: "Record"; readonly event: NodeEvent }
  /** Send `Due` at this monotonic nanosecond. It replaces an earlier `WaitUntil`. */
  | { readonly _tag: "WaitUntil"; readonly monotonicNanos: bigint }
  /** The last words are written, or there is nothing to take back. */
  | { readonly _tag: "End" }

/** What is known about the node. */
export interface PublicationFacts extends Omit<StatusFacts, "interfaces"> {
  /** Undefined until they are known. */
  readonly interfaces: ReadonlyArray<NetworkInterface> | undefined
  /** The uid of the Node, which owns the object; without a Node none is created. */
  readonly nodeUid: string | undefined
}

/** What is known about the node, about its object, and about the writes so far. */
export interface Publication {
  readonly facts: PublicationFacts
  /** The object as the API server has it; undefined until the watch has delivered it. */
  readonly object: SeenObject | undefined
  /**
   * The status that was written last, or that was found first. It is kept if the object is deleted, so that events are
   * not repeated and the times of conditions stay.
   */
  readonly told: NodePTPDevStatus | undefined
  /** The monotonic time at which the present difference began. */
  readonly differsSince: bigint | undefined
  readonly writtenAt: bigint | undefined
  readonly budget: WriteBudget
  /** The number of failures in a row. */
  readonly failures: number
  /** The monotonic time before which no request may be made. */
  readonly notBefore: bigint
  /** Overtaken: the watch has delivered the object since the request began, so the answer may be older than that. */
  readonly request: "None" | "UnderWay" | "Overtaken"
  readonly isStopping: boolean
}

interface SeenObject {
  readonly isMissing: boolean
  /** The watch has delivered it, and not the answer to a request, which may be wrong or older. */
  readonly isWatched: boolean
  readonly status: NodePTPDevStatus | undefined
  readonly resourceVersion: string | undefined
}

/** Nothing is known and nothing was written. */
export const initialPublication: Publication = {
  facts: {
    decision: undefined,
    isFromDisk: false,
    linuxptpMissing: false,
    statuses: [],
    clock: undefined,
    daemon: undefined,
    interfaces: undefined,
    nodeUid: undefined
  },
  object: undefined,
  told: undefined,
  differsSince: undefined,
  writtenAt: undefined,
  budget: fullBudget,
  failures: 0,
  notBefore: 0n,
  request: "None",
  isStopping: false
}
