/**
 * A publication on a virtual clock, without Effect: its timers fire, and its requests reach an API server that keeps one
 * object, answers when it likes and may fail. A watch tells of each change of the object.
 */
import { Equal, Option } from "effect"
import {
  KubernetesApiError,
  type KubernetesApiReason,
  type NodeEvent
} from "../../../src/services/kubernetes/KubernetesApi.ts"
import type { KubernetesObject } from "../../../src/services/kubernetes/KubernetesObject.ts"
import type { NodePTPDevStatus } from "../../../src/services/kubernetes/NodePTPDev.ts"
import { nextPublication } from "../../../src/services/status/Publication.ts"
import {
  initialPublication,
  type Publication,
  type PublicationEvent,
  type PublicationFacts,
  type PublicationRequest
} from "../../../src/services/status/PublicationState.ts"

/** A failure that the next request meets. */
interface ScriptedFailure {
  readonly reason: KubernetesApiReason
  readonly retryAfterSeconds?: number
  readonly random?: number
}

const bare: KubernetesObject = { metadata: { name: "worker-1" } }

export class VirtualPublication {
  /** Every write that was begun, with its time in milliseconds. */
  readonly writes: Array<
    { readonly atMillis: number; readonly status: NodePTPDevStatus; readonly isCreation: boolean }
  > = []
  readonly reads: Array<number> = []
  readonly recorded: Array<NodeEvent["reason"]> = []
  /** What the next requests meet, instead of an answer. */
  readonly failures: Array<ScriptedFailure> = []
  /** From a request to its answer. */
  answerMillis = 0
  /** From a change of the object until the watch tells of it. */
  watchMillis = 0
  stored: KubernetesObject | undefined
  /** What the server keeps of a status: with an older definition it prunes what that does not know. */
  keeps: (status: NodePTPDevStatus) => NodePTPDevStatus = (status) => status
  publication: Publication = initialPublication
  /** Not 0, as on any machine that runs for a while. */
  millis = 1_000_000
  isRequestUnderWay = false
  hasEnded = false
  /** Of the object, after each write. */
  version = 1
  private agenda: ReadonlyArray<{ readonly atMillis: number; readonly happens: () => void }> = []
  private dueMillis: number | undefined
  private toldMillis = 0
  private notBeforeMillis = 0

  tell(event: PublicationEvent): void {
    const before = this.publication
    const now = { monotonicNanos: BigInt(Math.round(this.millis * 1e6)), wallMillis: 1_795_000_000_000 + this.millis }
    const [next, actions] = nextPublication(before, event, now)
    this.publication = next
    for (const action of actions) {
      switch (action._tag) {
        case "WaitUntil":
          this.dueMillis = Number(action.monotonicNanos) / 1e6
          break
        case "Record":
          this.recorded.push(action.event.reason)
          break
        case "End":
          this.hasEnded = true
          break
        case "Write":
        case "Read":
          this.request(action)
      }
    }
  }

  learn(facts: Partial<PublicationFacts>): void {
    this.tell({ _tag: "Learned", facts })
  }

  /** What the server has becomes this, whoever did it. */
  store(object: KubernetesObject | undefined): void {
    this.stored = object
    // A watch tells in order.
    this.toldMillis = Math.max(this.toldMillis, this.millis + this.watchMillis)
    this.at(this.toldMillis, () => this.tell({ _tag: "Seen", object: Option.fromUndefinedOr(object) }))
  }

  /** Lets time pass, and everything happen that is to happen until then. */
  pass(millis: number): void {
    const end = this.millis + millis
    while (true) {
      const next = Math.min(this.dueMillis ?? Infinity, ...this.agenda.map(({ atMillis }) => atMillis))
      if (next > end) break
      this.millis = Math.max(this.millis, next)
      const due = this.agenda.find(({ atMillis }) => atMillis === next)
      if (due === undefined) {
        this.dueMillis = undefined
        this.tell({ _tag: "Due" })
      } else {
        this.agenda = this.agenda.filter((other) => other !== due)
        due.happens()
      }
    }
    this.millis = end
  }

  private at(atMillis: number, happens: () => void): void {
    this.agenda = [...this.agenda, { atMillis, happens }]
  }

  private request(request: PublicationRequest): void {
    if (this.isRequestUnderWay) throw new Error("two requests at once")
    if (this.millis < this.notBeforeMillis) throw new Error("a request before the time that the server asked for")
    this.isRequestUnderWay = true
    if (request._tag === "Read") this.reads.push(this.millis)
    else this.write(request)
    const answer = this.answerOf(request)
    this.at(this.millis + this.answerMillis, () => {
      this.isRequestUnderWay = false
      // What is there already is read at once.
      if (answer._tag === "Failed" && answer.error.reason !== "Conflict") {
        this.notBeforeMillis = this.millis + 1_000 * Math.min(answer.error.retryAfterSeconds ?? 0, 60)
      }
      this.tell(answer)
    })
  }

  private write({ isMissing, next }: Extract<PublicationRequest, { readonly _tag: "Write" }>): void {
    if (Equal.equals(this.publication.object?.status, next)) throw new Error("a write of what is there")
    this.writes.push({ atMillis: this.millis, status: next, isCreation: isMissing })
  }

  private answerOf(request: PublicationRequest): PublicationEvent {
    const failure = this.failures.shift() ?? this.refusalOf(request)
    if (failure !== undefined) return failed(request, failure)
    if (request._tag === "Read") return { _tag: "Found", object: Option.fromUndefinedOr(this.stored) }
    this.version += 1
    const metadata = { ...bare.metadata, resourceVersion: `${this.version}` }
    const object = { metadata, status: { ...this.keeps(request.next) } }
    if (request.isMissing) this.store(bare)
    // A write that changes nothing is no event of a watch.
    if (!Equal.equals(this.stored?.["status"], object.status)) this.store(object)
    return { _tag: "Written", request, object }
  }

  private refusalOf(request: PublicationRequest): ScriptedFailure | undefined {
    if (request._tag === "Read") return undefined
    const { isMissing, resourceVersion } = request
    if (resourceVersion !== undefined && resourceVersion !== this.stored?.metadata.resourceVersion) {
      return { reason: this.stored === undefined ? "NotFound" : "Conflict" }
    }
    if (isMissing === (this.stored === undefined)) return undefined
    return { reason: request.isMissing ? "Conflict" : "NotFound" }
  }
}

const failed = (
  request: PublicationRequest,
  { random = 0, reason, retryAfterSeconds = 0 }: ScriptedFailure
): PublicationEvent => ({
  _tag: "Failed",
  request,
  error: new KubernetesApiError({ reason, verb: "test", path: "/test", detail: "scripted", retryAfterSeconds }),
  random
})
