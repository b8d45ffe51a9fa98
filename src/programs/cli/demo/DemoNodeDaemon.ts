/**
 * One node of the demo: the real daemon over HTTP, with settings, ports and a metric registry of its own. The caller
 * chooses whether linuxptp below it is simulated or real.
 */
import { type Config, Effect, Layer, Logger, Metric } from "effect"
import * as PlainCredentials from "../../../layers/kubernetes/credentials/PlainCredentials.ts"
import * as HttpKubernetesApi from "../../../layers/kubernetes/HttpKubernetesApi.ts"
import * as Endpoint from "../../../layers/observability/Endpoint.ts"
import * as HealthServer from "../../../layers/observability/HealthServer.ts"
import * as MetricsServer from "../../../layers/observability/MetricsServer.ts"
import type { PortTaken } from "../../../layers/observability/PortTaken.ts"
import * as Telemetry from "../../../layers/observability/Telemetry.ts"
import * as InMemoryLastKnownGood from "../../../layers/simulated/state/InMemoryLastKnownGood.ts"
import type { DeviceDiscovery } from "../../../services/devices/DeviceDiscovery.ts"
import type { InstalledLinuxptp } from "../../../services/linuxptp/InstalledLinuxptp.ts"
import type { ManagementClient } from "../../../services/linuxptp/ManagementClient.ts"
import type { ConfigurationCheck } from "../../../services/processes/ConfigurationCheck.ts"
import type { ProcessRunner } from "../../../services/processes/ProcessRunner.ts"
import { Settings } from "../../../services/Settings.ts"
import { version } from "../../../services/Version.ts"
import * as Daemon from "../../Daemon.ts"
import * as NodeState from "../../NodeState.ts"
import * as ReportHealth from "../../ReportHealth.ts"
import * as SupervisedLinuxptp from "../SupervisedLinuxptp.ts"
import { podName } from "./DemoPods.ts"
import type { PodLog } from "./PodLog.ts"

export interface DemoNodeOptions<R> {
  readonly name: string
  /** Base URL of the API server. */
  readonly server: string
  readonly runDirectory: string
  readonly metricsPort: number
  readonly healthPort: number
  /** Where its log goes. Absent means nowhere. */
  readonly log: PodLog | undefined
  /** The node's NICs, linuxptp and processes. */
  readonly machine: Layer.Layer<
    DeviceDiscovery | InstalledLinuxptp | ProcessRunner | ManagementClient | ConfigurationCheck,
    never,
    R
  >
}

const host = "127.0.0.1"

/** Runs until it is interrupted; fails when a port is taken. */
export const runDemoNode = <R>(
  options: DemoNodeOptions<R>
): Effect.Effect<void, PortTaken | Config.ConfigError, R> => {
  const { healthPort, log, machine, metricsPort, name, runDirectory, server } = options
  const settings = Layer.succeed(Settings, {
    nodeName: name,
    podName: podName(name),
    namespace: "ptp",
    runDirectory,
    stateDirectory: runDirectory,
    sysfsRoot: "/sys",
    metricsPort,
    healthPort,
    logLevel: "Info",
    logFormat: "json"
  })
  const api = HttpKubernetesApi.layer({ namespace: "ptp", nodeName: name, component: "linuxptp-daemon" }).pipe(
    Layer.provide(PlainCredentials.layer({ server }))
  )
  const processes = SupervisedLinuxptp.layer.pipe(Layer.provideMerge(machine))
  const node = Layer.mergeAll(
    Endpoint.layer(HealthServer.endpoint({ host, port: healthPort })).pipe(Layer.provide(ReportHealth.layer)),
    Endpoint.layer(MetricsServer.endpoint({ host, port: metricsPort }))
  ).pipe(
    Layer.provideMerge(Layer.mergeAll(NodeState.layer, api, processes, settings, InMemoryLastKnownGood.layer())),
    Layer.provideMerge(Telemetry.traces({ nodeName: name, version })),
    Layer.provideMerge(Logger.layer(log === undefined ? [] : [log.logger]))
  )
  // `fresh`, because Effect shares equal layers, and nodes must share nothing.
  return Daemon.run.pipe(
    Effect.provide(Layer.fresh(node)),
    Effect.annotateLogs({ node: name }),
    Effect.provideService(Metric.MetricRegistry, new Map())
  )
}
