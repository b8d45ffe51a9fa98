/**
 * Writes this node's NodePTPDev; nothing else does. It passes news to the publication and carries out the resulting
 * actions. `services/status/Publication.ts` decides when something is written, and what.
 */
import { Clock, Effect, FiberMap, Option, Queue, Stream, SubscriptionRef } from "effect"
import { DeviceDiscovery } from "../services/devices/DeviceDiscovery.ts"
import { KubernetesApi } from "../services/kubernetes/KubernetesApi.ts"
import { nodePTPDevs } from "../services/kubernetes/NodePTPDev.ts"
import { ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"
import { Settings } from "../services/Settings.ts"
import type { StatusFacts } from "../services/status/NodeStatus.ts"
import {
  initialPublication,
  nextPublication,
  type PublicationAction,
  type PublicationEvent
} from "../services/status/Publication.ts"
import { NodeState } from "./NodeState.ts"
import { sleepUntil } from "./SleepUntil.ts"
import { answerTo } from "./StatusRequests.ts"

/** Never ends by itself. */
export const run = Effect.gen(function*() {
  const api = yield* KubernetesApi
  const news = yield* Queue.bounded<PublicationEvent>(16)
  // Requests and timers run beside the loop, so that news never interrupts a request. A new timer replaces the one
  // before.
  const underWay = yield* FiberMap.make<"request" | "timer", unknown, never>()
  const tell = (event: PublicationEvent) => Effect.asVoid(Queue.offer(news, event))

  const carryOut = (action: PublicationAction): Effect.Effect<unknown, never, KubernetesApi | Settings> => {
    switch (action._tag) {
      case "WaitUntil":
        return FiberMap.run(underWay, "timer", Effect.andThen(sleepUntil(action.monotonicNanos), tell({ _tag: "Due" })))
      case "Write":
      case "Read":
        return FiberMap.run(underWay, "request", Effect.flatMap(answerTo(action), tell))
      case "Record":
        return api.recordEvent(action.event)
    }
  }
  const publish = Stream.fromQueue(news).pipe(
    Stream.mapEffect((event) => Effect.map(moment, (now) => ({ event, now }))),
    Stream.mapAccum(
      () => initialPublication,
      (publication, { event, now }) => nextPublication(publication, event, now)
    ),
    Stream.runForEach(carryOut)
  )
  const listen = Effect.forEach(yield* sources, Stream.runForEach(tell), { concurrency: "unbounded" })
  return yield* Effect.all([publish, listen, FiberMap.join(underWay)], { concurrency: "unbounded" })
}).pipe(Effect.scoped)

const learned = (facts: Partial<StatusFacts>): PublicationEvent => ({ _tag: "Learned", facts })

/** The news for the publication. */
const sources = Effect.gen(function*() {
  const { clock, reconciliation } = yield* NodeState
  const api = yield* KubernetesApi
  const { interfaces } = yield* DeviceDiscovery
  const { statuses } = yield* ProcessSupervisor
  const { nodeName } = yield* Settings
  return [
    Stream.map(
      SubscriptionRef.changes(reconciliation),
      ({ decision, isFromDisk, linuxptpMissing }) =>
        learned({ decision: Option.getOrUndefined(decision), isFromDisk, linuxptpMissing })
    ),
    Stream.map(interfaces, (now) => learned({ interfaces: now })),
    Stream.map(statuses, (now) => learned({ statuses: now })),
    Stream.map(SubscriptionRef.changes(clock), (now) => learned({ clock: now })),
    Stream.map(api.watchAll(nodePTPDevs, { name: nodeName }), ({ objects }): PublicationEvent => ({
      _tag: "Seen",
      object: Option.fromUndefinedOr(objects[0])
    }))
  ]
})

const moment = Effect.all({ monotonicNanos: Clock.monotonicTimeNanos, wallMillis: Clock.currentTimeMillis })
