/**
 * Decides when this node's NodePTPDev is written, and what is written. It is a pure state machine: (publication, event,
 * moment) -> [publication, actions]. PublishNodeStatus carries out the actions and reports their results as events.
 *
 * A status is written if it differs from what the API server has. Changes that somebody waits for are written after
 * 100 ms, or as soon as the budget of writes and the pause after a failure allow; counters wait for 10 s. Only one request
 * is made at a time.
 */
import { Equal, Option, Schema } from "effect"
import type { NetworkInterface } from "../devices/PtpDevice.ts"
import type { KubernetesApiError, NodeEvent } from "../kubernetes/KubernetesApi.ts"
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import { NodePTPDevStatus } from "../kubernetes/NodePTPDev.ts"
import { retryDelayMillis } from "../kubernetes/RetryDelay.ts"
import type { ProcessStatus } from "../processes/ProcessSupervisor.ts"
import type { ConditionFacts } from "./NodeConditions.ts"
import { eventsBetween } from "./NodeEvents.ts"
import { differsAtOnce, nodeStatus, type StatusFacts, timeText } from "./NodeStatus.ts"
import { fullBudget, spendToken, tokenAt, type WriteBudget } from "./WriteBudget.ts"

/** A change comes in steps (selected, starting, ready). Steps within this time become one write. */
const togetherForNanos = 100_000_000n
/** Changes that nobody waits for are written at most this often. */
const quietPeriodNanos = 10_000_000_000n

/** When something happened. Waits use the monotonic clock; wall time is only written into the status. */
export interface Moment {
  readonly monotonicNanos: bigint
  readonly wallMillis: number
}

/** Replace `previous`, the last status that was reported, by `next`. */
interface StatusWrite {
  readonly _tag: "Write"
  readonly previous: NodePTPDevStatus | undefined
  readonly next: NodePTPDevStatus
  /** The processes from which `next` was made. */
  readonly statuses: ReadonlyArray<ProcessStatus>
  /** There is no object yet, so it must be created first. */
  readonly isMissing: boolean
}

/** A request to the API server, made once: write the status, or read the object without the watch. */
export type PublicationRequest = StatusWrite | { readonly _tag: "Read" }

export type PublicationEvent =
  /** Something about the node is new. */
  | { readonly _tag: "Learned"; readonly facts: Partial<StatusFacts> }
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

/** What is known about the node, about its object, and about the writes so far. */
export interface Publication {
  readonly facts: Omit<ConditionFacts, "interfaces"> & {
    readonly interfaces: ReadonlyArray<NetworkInterface> | undefined
  }
  /** The object as the API server has it; undefined until the watch has delivered it. */
  readonly object: { readonly isMissing: boolean; readonly status: NodePTPDevStatus | undefined } | undefined
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
}

/** Nothing is known and nothing was written. */
export const initialPublication: Publication = {
  facts: {
    decision: undefined,
    isFromDisk: false,
    linuxptpMissing: false,
    statuses: [],
    clock: undefined,
    interfaces: undefined
  },
  object: undefined,
  told: undefined,
  differsSince: undefined,
  writtenAt: undefined,
  budget: fullBudget,
  failures: 0,
  notBefore: 0n,
  request: "None"
}

type Step = readonly [publication: Publication, actions: ReadonlyArray<PublicationAction>]

/** The publication after an event, and the actions to carry out. */
export const nextPublication = (publication: Publication, event: PublicationEvent, now: Moment): Step => {
  switch (event._tag) {
    case "Learned":
      return considered({ ...publication, facts: { ...publication.facts, ...event.facts } }, now)
    case "Seen": {
      const request = publication.request === "None" ? "None" : "Overtaken"
      return considered({ ...withObject(publication, event.object), request }, now)
    }
    case "Due":
      return considered(publication, now)
    case "Written":
      return afterWrite(publication, event.request, event.object, now)
    case "Found":
      return considered({ ...withAnswer(publication, event.object), request: "None" }, now)
    case "Failed":
      return afterFailure(publication, event, now)
  }
}

/** Begins the write that is due, or waits for its time. While a request is under way, it waits for that instead. */
const considered = (publication: Publication, now: Moment): Step => {
  if (publication.request !== "None") return [publication, []]
  const write = neededWrite(publication, now)
  if (write === undefined) return [{ ...publication, differsSince: undefined }, []]
  const { monotonicNanos } = now
  const { budget, notBefore } = publication
  // A difference that begins after the back-off of the last one starts with a new count.
  const isNew = publication.differsSince === undefined && monotonicNanos >= notBefore
  const failures = isNew ? 0 : publication.failures
  const differsSince = publication.differsSince ?? monotonicNanos
  const waiting: Publication = { ...publication, failures, differsSince }
  // The content is chosen when a token is available, so a state that is over by then costs no token.
  const due = latest(wantedAt(waiting, write, differsSince), notBefore, tokenAt(budget))
  return monotonicNanos < due
    ? [waiting, [{ _tag: "WaitUntil", monotonicNanos: due }]]
    : [{ ...waiting, budget: spendToken(budget, monotonicNanos), request: "UnderWay" }, [write]]
}

/** Undefined if nothing differs, or if too little is known yet. */
const neededWrite = ({ facts, object, told }: Publication, { wallMillis }: Moment): StatusWrite | undefined => {
  const { interfaces, statuses } = facts
  if (interfaces === undefined || object === undefined) return undefined
  const next = nodeStatus({ ...facts, interfaces }, told, timeText(wallMillis))
  return object.status !== undefined && Equal.equals(object.status, next)
    ? undefined
    : { _tag: "Write", previous: told, next, statuses, isMissing: object.isMissing }
}

const wantedAt = ({ object, writtenAt }: Publication, { next }: StatusWrite, differsSince: bigint): bigint => {
  const together = differsSince + togetherForNanos
  const published = object?.status
  return published === undefined || differsAtOnce(published, next)
    ? together
    : latest(together, (writtenAt ?? differsSince) + quietPeriodNanos)
}

const afterWrite = (
  publication: Publication,
  { next, previous, statuses }: StatusWrite,
  object: KubernetesObject,
  now: Moment
): Step => {
  // What was written counts as what is there, whatever the answer left out of it: a server that prunes a field, because
  // its definition is older than this program, is told once, and again only when its watch says so.
  const stored = { isMissing: false, status: next }
  const [written, actions] = considered({
    ...publication,
    told: next,
    object: publication.request === "Overtaken" ? publication.object : stored,
    differsSince: undefined,
    writtenAt: now.monotonicNanos,
    request: "None"
  }, now)
  const events = eventsBetween(previous, next, statuses)
  return [written, [
    ...events.map((event) => ({ _tag: "Record", event: { ...event, regarding: object } } as const)),
    ...actions
  ]]
}

const afterFailure = (
  publication: Publication,
  { error, random, request }: Extract<PublicationEvent, { readonly _tag: "Failed" }>,
  now: Moment
): Step => {
  const failures = publication.failures + 1
  const delayNanos = BigInt(Math.ceil(retryDelayMillis(failures, error, random) * 1e6))
  const failed: Publication = { ...publication, failures, notBefore: now.monotonicNanos + delayNanos, request: "None" }
  // The watch may not have delivered yet that somebody has deleted or created the object.
  if (error.reason === "NotFound") return considered(withObject(failed, Option.none()), now)
  return error.reason === "Conflict" && request._tag === "Write"
    ? [{ ...failed, request: "UnderWay" }, [{ _tag: "Read" }]]
    : considered(failed, now)
}

/** The watch may have delivered already that the object is gone, or that somebody else has changed it. */
const withAnswer = (publication: Publication, object: Option.Option<KubernetesObject>): Publication =>
  publication.request === "Overtaken" ? publication : withObject(publication, object)

/** If somebody else has written a status that does not decode, it counts as absent and is replaced. */
const withObject = (publication: Publication, object: Option.Option<KubernetesObject>): Publication => {
  const status = Option.getOrUndefined(Option.flatMap(object, (found) => decodeStatus(found["status"])))
  return { ...publication, object: { isMissing: Option.isNone(object), status }, told: publication.told ?? status }
}

const decodeStatus = Schema.decodeUnknownOption(NodePTPDevStatus)

const latest = (first: bigint, ...others: ReadonlyArray<bigint>): bigint =>
  others.reduce((late, other) => other > late ? other : late, first)
