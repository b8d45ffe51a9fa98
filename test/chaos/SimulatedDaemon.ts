/**
 * The wiring of one simulated daemon: the real reconciler and supervisor, with simulated layers for their contracts. If
 * the core needs something new, it is added only here.
 */
import { Effect, Equal, Exit, Fiber, Layer, Option, Scope, Stream, SubscriptionRef } from "effect"
import * as SimulatedConfigurationCheck from "../../src/layers/simulated/linuxptp/SimulatedConfigurationCheck.ts"
import * as KeepLastKnownGood from "../../src/programs/KeepLastKnownGood.ts"
import * as NodeState from "../../src/programs/NodeState.ts"
import * as ReconcileProfiles from "../../src/programs/ReconcileProfiles.ts"
import { DeviceDiscovery } from "../../src/services/devices/DeviceDiscovery.ts"
import type { NetworkInterface } from "../../src/services/devices/PtpDevice.ts"
import { KubernetesApi } from "../../src/services/kubernetes/KubernetesApi.ts"
import type { KubernetesObject } from "../../src/services/kubernetes/KubernetesObject.ts"
import { InstalledLinuxptp } from "../../src/services/linuxptp/InstalledLinuxptp.ts"
import type { LinuxptpVersion } from "../../src/services/linuxptp/LinuxptpVersion.ts"
import type { ProcessRunner } from "../../src/services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import { type ProcessStatus, ProcessSupervisor } from "../../src/services/processes/ProcessSupervisor.ts"
import { type KnownGood, LastKnownGood, LastKnownGoodError } from "../../src/services/profiles/LastKnownGood.ts"
import { Settings } from "../../src/services/Settings.ts"
import type { Child } from "../simulation/Child.ts"
import { settings, supervisorLayer } from "../simulation/SimulatedNode.ts"
import type { VirtualProcess } from "../simulation/VirtualTime.ts"

/** The whole set of each kind, as the API server and the kernel give it just now. */
export interface Facts {
  /** Undefined while the API server is silent. */
  readonly objects: { readonly configs: ReadonlyArray<KubernetesObject>; readonly node: KubernetesObject } | undefined
  readonly interfaces: ReadonlyArray<NetworkInterface>
}

export interface SimulatedDaemon {
  readonly process: VirtualProcess
  readonly tell: (facts: Facts) => void
  readonly statuses: () => ReadonlyArray<ProcessStatus>
  /** Objects of which an earlier version runs, because the new one does not start, and whether only an edit helps. */
  readonly rolledBack: () => ReadonlyArray<{ readonly config: string; readonly isFinal: boolean }>
  /** An interface is missing, and something else runs until it comes. */
  readonly isWaitingForNic: () => boolean
  /** As on SIGTERM. */
  readonly shutdown: () => void
  /** Undefined while it runs or is ending. */
  readonly ended: () => Exit.Exit<void> | undefined
}

export interface DaemonOptions {
  readonly process: VirtualProcess
  readonly facts: Facts
  readonly linuxptp: () => Option.Option<LinuxptpVersion>
  readonly runner: typeof ProcessRunner.Service
  /** What is answered on a management socket. */
  readonly answerOn: (path: string) => "silent" | "running" | "ready"
  readonly isHeld: (path: string) => boolean
  readonly load: () => Option.Option<KnownGood>
  /** What the disk takes for it. */
  readonly loadMillis: number
  /** False: the disk is full. */
  readonly save: (knownGood: KnownGood) => boolean
  readonly onWish: (desired: ReadonlyArray<ProcessSpec>) => void
}

const change = {
  type: "MODIFIED" as const,
  name: "",
  generation: undefined,
  resourceVersion: "1",
  receivedAtNanos: 0n,
  span: Option.none()
}

/** Watches only: nothing here writes. */
const apiOf = (facts: Stream.Stream<Facts>) => {
  const unused = Effect.die(new Error("the simulated daemon does not write"))
  return KubernetesApi.of({
    watchAll: ({ plural }) =>
      facts.pipe(
        Stream.flatMap(({ objects }) => objects === undefined ? Stream.empty : Stream.succeed(objects)),
        Stream.map(({ configs, node }) => plural === "nodes" ? [node] : configs),
        Stream.changes,
        Stream.map((objects) => ({ objects, change }))
      ),
    list: () => unused,
    get: () => unused,
    create: () => unused,
    patchStatus: () => unused,
    recordEvent: () => Effect.void,
    watches: Effect.succeed([])
  })
}

const diskOf = ({ load, loadMillis, save }: DaemonOptions) =>
  LastKnownGood.of({
    load: loadMillis === 0 ? Effect.sync(load) : Effect.delay(Effect.sync(load), loadMillis),
    save: (knownGood) =>
      Effect.suspend(() =>
        save(knownGood) ? Effect.void : Effect.fail(new LastKnownGoodError({ path: "/var/lib/test", detail: "ENOSPC" }))
      )
  })

const layersOf = (options: DaemonOptions, facts: Stream.Stream<Facts>) => {
  return Layer.mergeAll(
    NodeState.layer,
    supervisorLayer(options),
    Layer.succeed(Settings, settings),
    Layer.succeed(KubernetesApi, apiOf(facts)),
    Layer.succeed(DeviceDiscovery, {
      interfaces: facts.pipe(Stream.map(({ interfaces }) => interfaces), Stream.changes),
      look: () => Effect.succeed([])
    }),
    SimulatedConfigurationCheck.layer,
    Layer.succeed(LastKnownGood, diskOf(options)),
    Layer.succeed(InstalledLinuxptp, { version: Effect.sync(options.linuxptp) })
  )
}

export const startDaemon = (options: DaemonOptions): SimulatedDaemon => {
  const { facts, process } = options
  const run = Effect.runForkWith(process.context)
  const scope = Scope.makeUnsafe()
  const ref = Effect.runSyncWith(process.context)(SubscriptionRef.make(facts))
  let statuses: ReadonlyArray<ProcessStatus> = []
  let reconciliation: SubscriptionRef.SubscriptionRef<NodeState.Reconciliation> | undefined
  let closing: Fiber.Fiber<void> | undefined

  const decision = () =>
    reconciliation === undefined
      ? undefined
      : Option.getOrUndefined(SubscriptionRef.getUnsafe(reconciliation).decision)

  run(Effect.gen(function*() {
    const context = yield* Layer.buildWithScope(layersOf(options, SubscriptionRef.changes(ref)), scope)
    const watchStatuses = Effect.flatMap(
      ProcessSupervisor,
      (built) =>
        Stream.runForEach(built.statuses, (now) =>
          Effect.sync(() => {
            statuses = now
          }))
    )
    yield* Effect.forkIn(Effect.provideContext(watchStatuses, context), scope)
    yield* Effect.forkIn(Effect.provideContext(KeepLastKnownGood.run, context), scope)
    yield* Effect.forkIn(Effect.provideContext(ReconcileProfiles.run, context), scope)
    reconciliation = (yield* Effect.provideContext(NodeState.NodeState, context)).reconciliation
  }))
  return {
    process,
    tell: (next) => process.deliver(() => void run(SubscriptionRef.set(ref, next))),
    statuses: () => statuses,
    rolledBack: () =>
      (decision()?.rolledBack ?? []).map(({ config, message, reason }) => ({
        config,
        isFinal: reason === "RolledBack" || message.endsWith("with the next edit")
      })),
    isWaitingForNic: () => decision()?.problems.some(({ reason }) => reason === "InterfaceMissing") === true,
    shutdown: () => {
      closing = run(Scope.close(scope, Exit.void))
    },
    ended: () => closing?.pollUnsafe()
  }
}

/** True when exactly `expected` runs and the daemon says so. */
export const isAsDesired = (
  expected: ReadonlyArray<ProcessSpec>,
  children: ReadonlyArray<Child>,
  statuses: ReadonlyArray<ProcessStatus>
): boolean =>
  children.length === expected.length && statuses.length === expected.length &&
  expected.every((spec) =>
    children.some((child) =>
      Equal.equals(child.spec, spec) && child.readyAt !== undefined && child.termAt === undefined &&
      child.frozenAt === undefined &&
      statuses.some(({ id, pid, state }) => id === spec.id && pid === child.pid && state === "Running")
    )
  )
