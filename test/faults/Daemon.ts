/**
 * The daemon under test: its core programs in virtual time, with the real client on real sockets. Everything that the
 * programs learn from the API server is recorded.
 */
import { Cause, Context, Effect, Exit, type Fiber, Layer, Metric, Scope, Stream } from "effect"
import * as HttpKubernetesApi from "../../src/layers/kubernetes/HttpKubernetesApi.ts"
import * as Endpoint from "../../src/layers/observability/Endpoint.ts"
import * as HealthServer from "../../src/layers/observability/HealthServer.ts"
import * as MetricsServer from "../../src/layers/observability/MetricsServer.ts"
import * as SimulatedConfigurationCheck from "../../src/layers/simulated/linuxptp/SimulatedConfigurationCheck.ts"
import * as InMemoryLastKnownGood from "../../src/layers/simulated/state/InMemoryLastKnownGood.ts"
import * as KeepLastKnownGood from "../../src/programs/KeepLastKnownGood.ts"
import * as NodeState from "../../src/programs/NodeState.ts"
import * as PublishNodeStatus from "../../src/programs/PublishNodeStatus.ts"
import * as ReconcileProfiles from "../../src/programs/ReconcileProfiles.ts"
import * as ReportHealth from "../../src/programs/ReportHealth.ts"
import * as ReportMetrics from "../../src/programs/ReportMetrics.ts"
import { DeviceDiscovery } from "../../src/services/devices/DeviceDiscovery.ts"
import type { NetworkInterface } from "../../src/services/devices/PtpDevice.ts"
import { KubernetesApi } from "../../src/services/kubernetes/KubernetesApi.ts"
import type { KubernetesCredentials } from "../../src/services/kubernetes/KubernetesCredentials.ts"
import type { KubernetesObject } from "../../src/services/kubernetes/KubernetesObject.ts"
import { InstalledLinuxptp } from "../../src/services/linuxptp/InstalledLinuxptp.ts"
import type { ProcessRunner } from "../../src/services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import { type ProcessStatus, ProcessSupervisor } from "../../src/services/processes/ProcessSupervisor.ts"
import { Settings } from "../../src/services/Settings.ts"
import type { Children } from "../simulation/Children.ts"
import { firstVersion, makeNic, namespace, nodeName, settings, supervisorLayer } from "../simulation/SimulatedNode.ts"
import type { VirtualProcess } from "../simulation/VirtualTime.ts"

export const interfaces: ReadonlyArray<NetworkInterface> = [makeNic("ens1f0", 0), makeNic("ens2f0", 1)]

export type ApiLayer = Layer.Layer<KubernetesApi, never, KubernetesCredentials>

/** The client of the daemon. */
export const realApi: ApiLayer = HttpKubernetesApi.layer({ namespace, nodeName, component: "linuxptp-daemon" })

export interface DaemonPorts {
  readonly health: number
  readonly metrics: number
}

export interface DaemonOptions {
  readonly process: VirtualProcess
  readonly api: ApiLayer
  readonly credentials: Layer.Layer<KubernetesCredentials>
  readonly runner: typeof ProcessRunner.Service
  readonly answerOn: Children["answerOn"]
  readonly isHeld: (path: string) => boolean
  /** Undefined: it has no servers of its own. */
  readonly ports: DaemonPorts | undefined
  readonly onWish: (desired: ReadonlyArray<ProcessSpec>) => void
  /** A program ended that never should. */
  readonly onDeath: (program: string, how: string) => void
}

export interface Daemon {
  /** The newest set of each kind (by its plural) that a program was given. */
  readonly sets: ReadonlyMap<string, ReadonlyArray<KubernetesObject>>
  readonly statuses: () => ReadonlyArray<ProcessStatus>
  /** As on SIGTERM; true once it is over. */
  readonly shutdown: () => () => boolean
}

/** The same API, and every set that comes out of it. */
const recorded = (api: ApiLayer, sets: Map<string, ReadonlyArray<KubernetesObject>>): ApiLayer =>
  Layer.effect(
    KubernetesApi,
    Effect.map(KubernetesApi, (real) => ({
      ...real,
      watchAll: (resource, options) =>
        Stream.tap(real.watchAll(resource, options), ({ objects }) =>
          Effect.sync(() => void sets.set(resource.plural, objects)))
    }))
  ).pipe(Layer.provide(api))

const layersOf = (options: DaemonOptions, sets: Map<string, ReadonlyArray<KubernetesObject>>) =>
  Layer.mergeAll(
    NodeState.layer,
    supervisorLayer(options),
    Layer.succeed(Settings, settings),
    recorded(options.api, sets).pipe(Layer.provide(options.credentials)),
    Layer.succeed(DeviceDiscovery, {
      interfaces: Stream.concat(Stream.make(interfaces), Stream.never),
      look: () => Effect.succeed([])
    }),
    SimulatedConfigurationCheck.layer,
    InMemoryLastKnownGood.layer(),
    Layer.succeed(InstalledLinuxptp, { version: Effect.succeedSome(firstVersion) })
  )

const host = "127.0.0.1"

/** `/readyz` and `/metrics`, as the kubelet and Prometheus ask for them. */
const serversOf = ({ ports }: DaemonOptions): Layer.Layer<never, never, KubernetesApi | NodeState.NodeState> =>
  ports === undefined ? Layer.empty : Layer.merge(
    Endpoint.layer(HealthServer.endpoint({ host, port: ports.health })).pipe(Layer.provide(ReportHealth.layer)),
    Endpoint.layer(MetricsServer.endpoint({ host, port: ports.metrics }))
  ).pipe(Layer.orDie)

export const startDaemon = (options: DaemonOptions): Daemon => {
  const { onDeath, process } = options
  const run = Effect.runForkWith(Context.add(process.context, Metric.MetricRegistry, new Map()))
  const scope = Scope.makeUnsafe()
  const sets = new Map<string, ReadonlyArray<KubernetesObject>>()
  let statuses: ReadonlyArray<ProcessStatus> = []
  let isEnding = false
  const layers = serversOf(options).pipe(Layer.provideMerge(layersOf(options, sets)))

  const told = <A, E>(program: string, effect: Effect.Effect<A, E>) =>
    Effect.onExit(effect, (exit) =>
      Effect.sync(() => {
        if (!isEnding) onDeath(program, Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "it ended by itself")
      }))
  run(told(
    "boot",
    Effect.gen(function*() {
      const context = yield* Layer.buildWithScope(Layer.fresh(layers), scope)
      const watchStatuses = Effect.flatMap(
        ProcessSupervisor,
        (supervisor) =>
          Stream.runForEach(supervisor.statuses, (now) =>
            Effect.sync(() => {
              statuses = now
            }))
      )
      const programs = {
        watchStatuses,
        KeepLastKnownGood: KeepLastKnownGood.run,
        ReconcileProfiles: ReconcileProfiles.run,
        PublishNodeStatus: PublishNodeStatus.run,
        ...(options.ports === undefined ? {} : { ReportMetrics: ReportMetrics.run })
      }
      yield* Effect.forEach(
        Object.entries(programs),
        ([name, program]) => told(name, Effect.provideContext(program, context)),
        { concurrency: "unbounded", discard: true }
      ).pipe(Effect.forkIn(scope))
      return yield* Effect.never
    })
  ))
  return {
    sets,
    statuses: () => statuses,
    shutdown: () => {
      isEnding = true
      const closing: Fiber.Fiber<void> = run(Scope.close(scope, Exit.void))
      return () => closing.pollUnsafe() !== undefined
    }
  }
}
