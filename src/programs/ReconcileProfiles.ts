/**
 * From every NodePTPCfg, this node's labels, its interfaces and the installed linuxptp to the processes that run:
 * whatever changes, everything is decided anew, and applied if other processes are to run. Only then an apply under
 * way is interrupted, which is safe at any moment.
 */
import { Clock, Duration, Effect, Equal, Metric, Option, Schedule, Stream, SubscriptionRef } from "effect"
import { DeviceDiscovery } from "../services/devices/DeviceDiscovery.ts"
import { KubernetesApi, type WatchedChange } from "../services/kubernetes/KubernetesApi.ts"
import type { KubernetesObject } from "../services/kubernetes/KubernetesObject.ts"
import { nodeIdentity, nodes } from "../services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../services/kubernetes/NodePTPCfg.ts"
import { InstalledLinuxptp } from "../services/linuxptp/InstalledLinuxptp.ts"
import type { LinuxptpVersion } from "../services/linuxptp/LinuxptpVersion.ts"
import { changeToRunningDuration, reconcileDuration, rejectedProfiles } from "../services/Metrics.ts"
import { ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"
import { decide } from "../services/profiles/Decide.ts"
import type { Decision } from "../services/profiles/Decision.ts"
import { emptyLastValid } from "../services/profiles/LastValid.ts"
import { Settings } from "../services/Settings.ts"
import { NodeState } from "./NodeState.ts"

/** Until linuxptp is found it is looked for this often. */
const linuxptpPoll = Duration.seconds(5)

/** All that a decision depends on; a field is undefined until it is known. */
interface Facts {
  readonly configs: ReadonlyArray<KubernetesObject> | undefined
  readonly node: ReadonlyArray<KubernetesObject> | undefined
  readonly interfaces: ReadonlyArray<string> | undefined
  readonly linuxptp: Option.Option<LinuxptpVersion> | undefined
  /** The change of the API that these facts come from; undefined when something else changed. */
  readonly cause: WatchedChange | undefined
}

/** A decision, what it came from, and the monotonic nanoseconds at which the facts had changed. */
interface Decided {
  readonly decision: Decision
  readonly cause: WatchedChange | undefined
  readonly since: bigint
}

const unknown: Facts = {
  configs: undefined,
  node: undefined,
  interfaces: undefined,
  linuxptp: undefined,
  cause: undefined
}

/** Every change of a fact, as the facts that it leaves. */
const facts = Effect.gen(function*() {
  const api = yield* KubernetesApi
  const discovery = yield* DeviceDiscovery
  const installed = yield* InstalledLinuxptp
  const { nodeName } = yield* Settings
  const changes: ReadonlyArray<Stream.Stream<Partial<Facts>>> = [
    api.watchAll(nodePTPCfgs, { traced: true }).pipe(
      Stream.map(({ change, objects }) => ({ configs: objects, cause: change }))
    ),
    api.watchAll(nodes, { name: nodeName, metadataOnly: true }).pipe(
      // A kubelet's heartbeats change the Node, but nothing that a rule reads.
      Stream.changesWith((a, b) => Equal.equals(labelsOf(a.objects), labelsOf(b.objects))),
      Stream.map(({ change, objects }) => ({ node: objects, cause: change }))
    ),
    discovery.interfaces.pipe(
      Stream.map((interfaces) => interfaces.map((nic) => nic.name)),
      Stream.changes,
      Stream.map((interfaces) => ({ interfaces, cause: undefined }))
    ),
    Stream.fromEffectSchedule(installed.version, Schedule.spaced(linuxptpPoll)).pipe(
      Stream.takeUntil(Option.isSome),
      Stream.changes,
      Stream.map((linuxptp) => ({ linuxptp, cause: undefined }))
    )
  ]
  return Stream.mergeAll(changes, { concurrency: "unbounded" }).pipe(
    Stream.scan(() => unknown, (known, change): Facts => ({ ...known, ...change }))
  )
})

const labelsOf = (objects: ReadonlyArray<KubernetesObject>) => objects.map(({ metadata }) => metadata.labels)

/** Never ends by itself. */
export const run = Effect.gen(function*() {
  const supervisor = yield* ProcessSupervisor
  const { nodeName, runDirectory } = yield* Settings
  const { reconciliation: state } = yield* NodeState
  let memory = emptyLastValid

  const decideNow = (known: Facts, version: LinuxptpVersion) => {
    const decideAll = Effect.sync(() => {
      const decided = decide({
        objects: known.configs ?? [],
        node: nodeIdentity(nodeName, known.node?.[0]),
        interfaces: known.interfaces,
        linuxptpVersion: version,
        runDir: runDirectory,
        memory
      })
      memory = decided.memory
      return decided.decision
    })
    // NICs come and go with every pod: only what a person changed is worth a trace.
    return known.cause === undefined
      ? decideAll
      : Effect.withSpan(decideAll, "ProfileSelection.decide", parentOf(known.cause))
  }

  const remember = Effect.fnUntraced(function*(decision: Decision) {
    const before = (yield* SubscriptionRef.get(state)).decision
    yield* SubscriptionRef.update(state, (now) => ({ ...now, decision: Option.some(decision), linuxptpMissing: false }))
    if (Option.isSome(before) && Equal.equals(before.value, decision)) return
    yield* logDecision(decision, Option.getOrUndefined(before))
    yield* Metric.update(rejectedProfiles, mistakesOf(decision).length)
  })

  const apply = Effect.fnUntraced(function*(decision: Decision) {
    const since = yield* Clock.monotonicTimeNanos
    yield* SubscriptionRef.update(state, (now) => ({ ...now, applyingSince: since }))
    yield* supervisor.apply(decision.processes)
  }, Effect.ensuring(SubscriptionRef.update(state, (now) => ({ ...now, applyingSince: undefined }))))

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

  /** `None` while not everything is known that a decision depends on. */
  const decideOn = Effect.fnUntraced(function*(known: Facts): Effect.fn.Return<Option.Option<Decided>> {
    const { cause, linuxptp } = known
    if (linuxptp === undefined || known.configs === undefined || known.node === undefined) return Option.none()
    if (Option.isNone(linuxptp)) {
      yield* Effect.logWarning("linuxptp is not installed, or its version cannot be read")
      yield* SubscriptionRef.update(state, (now) => ({ ...now, linuxptpMissing: true }))
      return Option.none()
    }
    const since = yield* Clock.monotonicTimeNanos
    const decision = yield* decideNow(known, linuxptp.value)
    yield* remember(decision)
    return Option.some({ decision, cause, since })
  })

  const reconcile = Effect.fnUntraced(function*({ cause, decision, since }: Decided) {
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

  const changes = yield* facts
  return yield* changes.pipe(
    Stream.mapEffect(decideOn),
    Stream.flatMap((decided) => Stream.fromIterable(Option.toArray(decided))),
    Stream.changesWith((a, b) => Equal.equals(a.decision.processes, b.decision.processes)),
    Stream.switchMap((decided) => Stream.fromEffectDrain(reconcile(decided))),
    Stream.runDrain
  )
})

/** A change's trace is where its spans belong; without one they begin a trace of their own. */
const parentOf = (cause: WatchedChange | undefined) =>
  cause === undefined ? {} : { parent: Option.getOrUndefined(cause.span) }

/** The mistakes that concern this node. */
export const mistakesOf = (decision: Decision) =>
  decision.problems.filter((problem) => problem.severity === "error" && problem.elsewhere !== true)

/** One line for what runs now, and one for each mistake that is new. */
const logDecision = Effect.fnUntraced(function*(decision: Decision, before: Decision | undefined) {
  yield* Effect.logInfo("profiles selected").pipe(Effect.annotateLogs({
    profiles: decision.profiles.map((profile) => `${profile.config}/${profile.name}`),
    processes: decision.processes.map((process) => process.id)
  }))
  const known = before === undefined ? [] : mistakesOf(before)
  for (const mistake of mistakesOf(decision)) {
    if (known.some((other) => Equal.equals(other, mistake))) continue
    yield* Effect.logWarning("configuration refused").pipe(Effect.annotateLogs({ ...mistake }))
  }
})
