/**
 * From every NodePTPCfg, this node's labels, its interfaces and the installed linuxptp to the processes that run:
 * whatever changes, everything is decided anew, and applied if other processes are to run. Only then an apply under
 * way is interrupted, which is safe at any moment.
 */
import { Clock, Duration, Effect, Equal, Metric, Option, Stream, SubscriptionRef } from "effect"
import { DeviceDiscovery } from "../services/devices/DeviceDiscovery.ts"
import type { NetworkInterface } from "../services/devices/PtpDevice.ts"
import type { WatchedChange } from "../services/kubernetes/KubernetesApi.ts"
import type { LinuxptpVersion } from "../services/linuxptp/LinuxptpVersion.ts"
import { changeToRunningDuration, reconcileDuration, rejectedProfiles } from "../services/Metrics.ts"
import { ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"
import { type Decision, mistakesOf, warningsOf } from "../services/profiles/Decision.ts"
import { type KnownGood, LastKnownGood } from "../services/profiles/LastKnownGood.ts"
import { Settings } from "../services/Settings.ts"
import { makeNodeDecisions } from "./NodeDecisions.ts"
import { type Configuration, configurationOf, type Facts, nodeFacts } from "./NodeFacts.ts"
import { NodeState } from "./NodeState.ts"

/** A decision, what it came from, and the monotonic nanoseconds at which the facts had changed. */
interface Decided {
  readonly decision: Decision
  readonly cause: WatchedChange | undefined
  readonly since: bigint
}

/** Never ends by itself. */
export const run = Effect.gen(function*() {
  const supervisor = yield* ProcessSupervisor
  const discovery = yield* DeviceDiscovery
  const { nodeName } = yield* Settings
  const { reconciliation: state } = yield* NodeState
  const knownGood = yield* loadKnownGood
  const decisions = yield* makeNodeDecisions(knownGood)

  const decideNow = (facts: Facts, configuration: Configuration, version: LinuxptpVersion) => {
    const decideAll = decisions.decideOn(facts, configuration, version)
    // NICs come and go with every pod: only what a person changed is worth a trace.
    return facts.cause === undefined
      ? decideAll
      : Effect.withSpan(decideAll, "ProfileSelection.decide", parentOf(facts.cause))
  }

  const remember = Effect.fnUntraced(function*(decision: Decision, { isFromDisk }: Configuration) {
    const { decision: before, isFromDisk: wasFromDisk } = yield* SubscriptionRef.get(state)
    if (wasFromDisk && !isFromDisk && decision.profiles.length === 0) {
      yield* Effect.logWarning("the API server has nothing for this node: what ran from disk ends")
    }
    yield* SubscriptionRef.update(
      state,
      (now) => ({
        ...now,
        decision: Option.some(decision),
        isFromDisk,
        linuxptpMissing: false,
        decidingSince: undefined
      })
    )
    if (Option.isSome(before) && Equal.equals(before.value, decision)) return
    yield* logDecision(decision, Option.getOrUndefined(before))
    yield* Metric.update(rejectedProfiles, mistakesOf(decision).length + decision.rolledBack.length)
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
    const configuration = configurationOf(known, nodeName, knownGood)
    if (linuxptp === undefined || configuration === undefined) return Option.none()
    if (Option.isNone(linuxptp)) {
      yield* Effect.logWarning("linuxptp is not installed, or its version cannot be read")
      yield* SubscriptionRef.update(state, (now) => ({ ...now, linuxptpMissing: true }))
      return Option.none()
    }
    const since = yield* Clock.monotonicTimeNanos
    yield* SubscriptionRef.update(state, (now) => ({ ...now, decidingSince: since }))
    const decision = yield* decideNow(known, configuration, linuxptp.value)
    yield* remember(decision, configuration)
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

  const changes = yield* nodeFacts(decisions.rejections)
  const learning = Stream.runForEach(supervisor.statuses, decisions.learn)
  const reconciling = changes.pipe(
    Stream.mapEffect(decideOn),
    Stream.flatMap((decided) => Stream.fromIterable(Option.toArray(decided))),
    Stream.changesWith((a, b) => Equal.equals(a.decision.processes, b.decision.processes)),
    Stream.switchMap((decided) => Stream.fromEffectDrain(reconcile(decided))),
    Stream.runDrain
  )
  const waking = Stream.runForEach(arrivals(discovery.interfaces), supervisor.retryNow)
  // A defect in one ends all: none goes on without the others.
  return yield* Effect.all([learning, reconciling, waking], { concurrency: "unbounded", discard: true })
})

/** Names of interfaces that were not there a moment ago. */
const arrivals = (interfaces: Stream.Stream<ReadonlyArray<NetworkInterface>>) =>
  interfaces.pipe(
    Stream.map((nics) => nics.map(({ name }) => name)),
    Stream.mapAccum(() => new Array<string>(), (known, names) => [names, [newNames(names, known)]]),
    Stream.filter((names) => names.length > 0)
  )

const newNames = (names: ReadonlyArray<string>, known: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.filter((name) => !known.includes(name))

/** What another node left on this disk is not this node's. */
const loadKnownGood = Effect.gen(function*() {
  const store = yield* LastKnownGood
  const { nodeName } = yield* Settings
  const loaded = yield* store.load
  const own = Option.filter(loaded, ({ node }: KnownGood) => node.name === nodeName)
  if (Option.isSome(own) && own.value.memory.objects.length > 0) {
    yield* Effect.logInfo("running the last configuration that worked until the API server answers")
  }
  return own
})

/** A change's trace is where its spans belong; without one they begin a trace of their own. */
const parentOf = (cause: WatchedChange | undefined) =>
  cause === undefined ? {} : { parent: Option.getOrUndefined(cause.span) }

const isNotIn = <A>(known: ReadonlyArray<A>) => (one: A): boolean => !known.some((other) => Equal.equals(other, one))

/** One line for what runs now, and one for each mistake and each profile that gave way, if it is new. */
const logDecision = Effect.fnUntraced(function*(decision: Decision, before: Decision | undefined) {
  yield* Effect.logInfo("profiles selected").pipe(Effect.annotateLogs({
    profiles: decision.profiles.map((profile) => `${profile.config}/${profile.name}`),
    processes: decision.processes.map((process) => process.id)
  }))
  for (const mistake of mistakesOf(decision).filter(isNotIn(before === undefined ? [] : mistakesOf(before)))) {
    yield* Effect.logWarning("configuration refused").pipe(Effect.annotateLogs({ ...mistake }))
  }
  for (const warning of warningsOf(decision).filter(isNotIn(before === undefined ? [] : warningsOf(before)))) {
    yield* Effect.logWarning("configuration warning").pipe(Effect.annotateLogs({ ...warning }))
  }
  for (const { config, message } of decision.rolledBack.filter(isNotIn(before?.rolledBack ?? []))) {
    yield* Effect.logWarning("profile rolled back").pipe(Effect.annotateLogs({ config, message }))
  }
})
