/**
 * Writes this node's NodePTPDev; nothing else does. It passes news to the publication and carries out the resulting
 * actions. `services/status/Publication.ts` decides when something is written, and what.
 */
import { Clock, Duration, Effect, Fiber, FiberMap, Option, Queue, Stream, SubscriptionRef } from "effect"
import { DeviceDiscovery } from "../services/devices/DeviceDiscovery.ts"
import { KubernetesApi } from "../services/kubernetes/KubernetesApi.ts"
import { nodePTPDevs } from "../services/kubernetes/NodePTPDev.ts"
import { formatLinuxptpVersion } from "../services/linuxptp/LinuxptpVersion.ts"
import { ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"
import { Settings } from "../services/Settings.ts"
import { timeText } from "../services/status/NodeStatus.ts"
import { nextPublication } from "../services/status/Publication.ts"
import {
  initialPublication,
  type PublicationAction,
  type PublicationEvent,
  type PublicationFacts
} from "../services/status/PublicationState.ts"
import { version } from "../services/Version.ts"
import { NodeState } from "./NodeState.ts"
import { sleepUntil } from "./SleepUntil.ts"
import { answerTo } from "./StatusRequests.ts"

/** An API server that does not answer must not hold up a stop for longer. */
const farewellPatience = Duration.seconds(2)

/** Never ends by itself. An interruption is an order to stop: then it writes the last words. */
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
      case "End":
        return Effect.void
    }
  }
  const publish = Stream.fromQueue(news).pipe(
    Stream.mapEffect((event) => Effect.map(moment, (now) => ({ event, now }))),
    Stream.mapAccum(
      () => initialPublication,
      (publication, { event, now }) => nextPublication(publication, event, now)
    ),
    Stream.takeUntil(({ _tag }) => _tag === "End"),
    Stream.runForEach(carryOut)
  )
  const publishing = yield* Effect.forkScoped(publish)
  const farewell = tell({ _tag: "Stopping" }).pipe(
    Effect.andThen(Fiber.join(publishing)),
    Effect.interruptible,
    Effect.timeoutOption(farewellPatience)
  )
  const listen = Effect.forEach(yield* sources, Stream.runForEach(tell), { concurrency: "unbounded" })
  return yield* Effect.all([Fiber.join(publishing), listen, FiberMap.join(underWay)], { concurrency: "unbounded" })
    .pipe(Effect.onInterrupt(() => farewell))
}).pipe(Effect.scoped)

const learned = (facts: Partial<PublicationFacts>): PublicationEvent => ({ _tag: "Learned", facts })

/** The news for the publication. */
const sources = Effect.gen(function*() {
  const { clock, reconciliation, surroundings } = yield* NodeState
  const api = yield* KubernetesApi
  const { interfaces } = yield* DeviceDiscovery
  const { statuses } = yield* ProcessSupervisor
  const { nodeName, podName } = yield* Settings
  const startedAt = timeText(yield* Clock.currentTimeMillis)
  const daemon = { version, ...(podName === undefined ? {} : { pod: podName }), startedAt }
  return [
    Stream.map(SubscriptionRef.changes(surroundings), ({ linuxptp, nodeUid }) =>
      learned({
        nodeUid,
        daemon: { ...daemon, ...(linuxptp === undefined ? {} : { linuxptp: formatLinuxptpVersion(linuxptp) }) }
      })),
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
