/**
 * Decides when this node's NodePTPDev is written, and what is written. It is a pure state machine: (publication, event,
 * moment) -> [publication, actions]. PublishNodeStatus carries out the actions and reports their results as events.
 *
 * A status is written if it differs from what the API server has. Changes that somebody waits for are written after
 * 100 ms, or as soon as the budget of writes and the pause after a failure allow; counters wait for 10 s. Only one request
 * is made at a time.
 *
 * A daemon that is stopped in order writes once more, whatever the budget says, so that nobody believes its status
 * longer than it lives (LastWords). That write names the version that it replaces: if a successor has written since,
 * the successor's status stays.
 */
import { Equal, Option, Schema } from "effect"
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import { NodePTPDevStatus } from "../kubernetes/NodePTPDev.ts"
import { retryDelayMillis } from "../kubernetes/RetryDelay.ts"
import { isOfAnother, stoppedStatus } from "./LastWords.ts"
import { eventsBetween } from "./NodeEvents.ts"
import { differsAtOnce, nodeStatus, timeText } from "./NodeStatus.ts"
import type { Moment, Publication, PublicationAction, PublicationEvent, StatusWrite } from "./PublicationState.ts"
import { spendToken, tokenAt } from "./WriteBudget.ts"

/** A change comes in steps (selected, starting, ready). Steps within this time become one write. */
const togetherForNanos = 100_000_000n
/** Changes that nobody waits for are written at most this often. */
const quietPeriodNanos = 10_000_000_000n

type Step = readonly [publication: Publication, actions: ReadonlyArray<PublicationAction>]

/** The publication after an event, and the actions to carry out. */
export const nextPublication = (publication: Publication, event: PublicationEvent, now: Moment): Step => {
  switch (event._tag) {
    case "Learned":
      return considered({ ...publication, facts: { ...publication.facts, ...event.facts } }, now)
    case "Seen": {
      const request = publication.request === "None" ? "None" : "Overtaken"
      return considered({ ...withObject(publication, event.object, true), request }, now)
    }
    case "Due":
      return considered(publication, now)
    case "Stopping":
      return considered({ ...publication, isStopping: true, failures: 0, notBefore: 0n }, now)
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
  if (publication.isStopping) return lastWords(publication, now)
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
  const { interfaces, nodeUid, statuses } = facts
  if (interfaces === undefined || object === undefined) return undefined
  // Without a Node none is made. An answer alone does not prove that none is there, so it is tried; the watch is right.
  const isMissing = object.isMissing && nodeUid !== undefined
  if (object.isMissing && !isMissing && object.isWatched) return undefined
  const next = nodeStatus({ ...facts, interfaces }, told, timeText(wallMillis))
  return object.status !== undefined && Equal.equals(object.status, next)
    ? undefined
    : { _tag: "Write", previous: told, next, statuses, isMissing, nodeUid, resourceVersion: undefined }
}

/** Costs no token: it is the last one. */
const lastWords = (publication: Publication, now: Moment): Step => {
  const { notBefore } = publication
  if (now.monotonicNanos < notBefore) return [publication, [{ _tag: "WaitUntil", monotonicNanos: notBefore }]]
  const write = lastWrite(publication, now)
  return write === undefined
    ? [publication, [{ _tag: "End" }]]
    : [{ ...publication, request: "UnderWay" }, [write]]
}

/** Undefined if no status is there, or if another daemon has written since this one. */
const lastWrite = (
  { facts, object, told, writtenAt }: Publication,
  { wallMillis }: Moment
): StatusWrite | undefined => {
  const { daemon, nodeUid } = facts
  if (daemon === undefined || object?.status === undefined || object.status.daemon?.stoppedAt !== undefined) {
    return undefined
  }
  const { resourceVersion, status } = object
  // Before its first write, what is there is of a predecessor that could not take it back.
  if (writtenAt !== undefined && isOfAnother(status.daemon, daemon)) return undefined
  const next = stoppedStatus(status, daemon, timeText(wallMillis))
  return { _tag: "Write", previous: told, next, statuses: [], isMissing: false, nodeUid, resourceVersion }
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
  const stored = { isMissing: false, isWatched: false, status: next, resourceVersion: object.metadata.resourceVersion }
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
  const failedAt = { failures, notBefore: now.monotonicNanos + delayNanos, request: "None" } as const
  const failed: Publication = { ...publication, ...failedAt }
  // The watch may not have delivered yet that somebody has deleted or created the object.
  if (error.reason === "NotFound") return considered({ ...withAnswer(publication, Option.none()), ...failedAt }, now)
  return error.reason === "Conflict" && request._tag === "Write"
    ? [{ ...failed, request: "UnderWay" }, [{ _tag: "Read" }]]
    : considered(failed, now)
}

/** The watch may have delivered already that the object is gone, or that somebody else has changed it. */
const withAnswer = (publication: Publication, object: Option.Option<KubernetesObject>): Publication =>
  publication.request === "Overtaken" ? publication : withObject(publication, object, false)

/** If somebody else has written a status that does not decode, it counts as absent and is replaced. */
const withObject = (
  publication: Publication,
  object: Option.Option<KubernetesObject>,
  isWatched: boolean
): Publication => {
  const status = Option.getOrUndefined(Option.flatMap(object, (found) => decodeStatus(found["status"])))
  const resourceVersion = Option.getOrUndefined(object)?.metadata.resourceVersion
  const seen = { isMissing: Option.isNone(object), isWatched, status, resourceVersion }
  return { ...publication, object: seen, told: publication.told ?? status }
}

const decodeStatus = Schema.decodeUnknownOption(NodePTPDevStatus)

const latest = (first: bigint, ...others: ReadonlyArray<bigint>): bigint =>
  others.reduce((late, other) => other > late ? other : late, first)
