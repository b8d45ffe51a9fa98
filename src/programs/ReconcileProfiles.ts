/**
 * Makes the node's processes follow its decisions. NodeDecisions makes a new one after every change of a NodePTPCfg, the
 * Node's labels, the interfaces or the installed linuxptp, and when processes show that a version does not start. If a
 * decision wants other processes, it is applied, and it interrupts an apply that is still running. That is safe at any
 * moment.
 */
import { Clock, Duration, Effect, Equal, Metric, Ref, Stream } from "effect"
import { DeviceDiscovery } from "../services/devices/DeviceDiscovery.ts"
import type { NetworkInterface } from "../services/devices/PtpDevice.ts"
import type { WatchedChange } from "../services/kubernetes/KubernetesApi.ts"
import { changeToRunningDuration, reconcileDuration } from "../services/Metrics.ts"
import { ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"
import type { Decision } from "../services/profiles/Decision.ts"
import type { Trigger } from "../services/profiles/NodeMemoryEvent.ts"
import { Settings } from "../services/Settings.ts"
import { parentOf } from "./ChangeTrace.ts"
import { nodeDecisions } from "./NodeDecisions.ts"
import { NodeState } from "./NodeState.ts"

/** Never ends by itself. */
export const run = Effect.gen(function*() {
  const supervisor = yield* ProcessSupervisor
  const discovery = yield* DeviceDiscovery
  const { nodeName } = yield* Settings
  const { applyingSince } = yield* NodeState

  const apply = Effect.fnUntraced(function*(decision: Decision) {
    yield* Ref.set(applyingSince, yield* Clock.monotonicTimeNanos)
    yield* supervisor.apply(decision.processes)
  }, Effect.ensuring(Ref.set(applyingSince, undefined)))

  /** The time from the change at the API server to the last process being ready. */
  const measureChange = Effect.fnUntraced(function*(decision: Decision, cause: WatchedChange | undefined) {
    yield* supervisor.statuses.pipe(
      Stream.filter((statuses) => statuses.every((status) => status.state === "Running")),
      Stream.runHead
    )
    const now = yield* Clock.monotonicTimeNanos
    if (cause !== undefined && decision.processes.length > 0) {
      yield* Metric.update(changeToRunningDuration, Duration.toSeconds(Duration.nanos(now - cause.receivedAtNanos)))
    }
  })

  const reconcile = Effect.fnUntraced(function*(decision: Decision, { cause, since }: Trigger) {
    yield* apply(decision).pipe(
      Effect.withSpan("ReconcileProfiles.reconcile", {
        attributes: { node: nodeName, object: cause?.name, generation: cause?.generation },
        ...parentOf(cause)
      })
    )
    const now = yield* Clock.monotonicTimeNanos
    yield* Metric.update(reconcileDuration, Duration.toSeconds(Duration.nanos(now - since)))
    yield* measureChange(decision, cause)
  })

  const reconciling = (yield* nodeDecisions).pipe(
    Stream.changesWith((a, b) => Equal.equals(a.decision.processes, b.decision.processes)),
    Stream.switchMap(({ decision, trigger }) => Stream.fromEffectDrain(reconcile(decision, trigger))),
    Stream.runDrain
  )
  const waking = Stream.runForEach(arrivals(discovery.interfaces), supervisor.retryNow)
  // A defect in one of them ends both, so that neither continues alone.
  return yield* Effect.all([reconciling, waking], { concurrency: "unbounded", discard: true })
}).pipe(Effect.scoped)

/** Names of interfaces that have just appeared. */
const arrivals = (interfaces: Stream.Stream<ReadonlyArray<NetworkInterface>>) =>
  interfaces.pipe(
    Stream.map((nics) => nics.map(({ name }) => name)),
    Stream.mapAccum(() => new Array<string>(), (known, names) => [names, [newNames(names, known)]]),
    Stream.filter((names) => names.length > 0)
  )

const newNames = (names: ReadonlyArray<string>, known: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.filter((name) => !known.includes(name))
