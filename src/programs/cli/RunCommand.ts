/** The command `run`: the daemon on a node, with the layers that work on the real system. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Config, Effect, type FileSystem, Layer, Option } from "effect"
import { Command } from "effect/cli"
import type { ChildProcessSpawner } from "effect/process"
import { hostname } from "node:os"
import { phcDevices } from "../../layers/devices/PhcDevices.ts"
import * as SysfsDeviceDiscovery from "../../layers/devices/SysfsDeviceDiscovery.ts"
import * as ServiceAccountCredentials from "../../layers/kubernetes/credentials/ServiceAccountCredentials.ts"
import * as HttpKubernetesApi from "../../layers/kubernetes/HttpKubernetesApi.ts"
import * as CommandInstalledLinuxptp from "../../layers/linuxptp/CommandInstalledLinuxptp.ts"
import * as LinuxptpHabits from "../../layers/linuxptp/LinuxptpHabits.ts"
import * as ManagementSocketClient from "../../layers/linuxptp/ManagementSocketClient.ts"
import * as TimemasterDryRun from "../../layers/linuxptp/TimemasterDryRun.ts"
import * as AliveFile from "../../layers/observability/AliveFile.ts"
import * as Endpoint from "../../layers/observability/Endpoint.ts"
import * as EventLoopLag from "../../layers/observability/EventLoopLag.ts"
import * as HealthServer from "../../layers/observability/HealthServer.ts"
import * as MetricsServer from "../../layers/observability/MetricsServer.ts"
import * as Telemetry from "../../layers/observability/Telemetry.ts"
import * as ChildProcessRunner from "../../layers/processes/ChildProcessRunner.ts"
import * as RunDirectory from "../../layers/processes/RunDirectory.ts"
import * as FileLastKnownGood from "../../layers/state/FileLastKnownGood.ts"
import type {
  KubernetesCredentials,
  KubernetesCredentialsError
} from "../../services/kubernetes/KubernetesCredentials.ts"
import * as Settings from "../../services/Settings.ts"
import { version } from "../../services/Version.ts"
import * as Daemon from "../Daemon.ts"
import * as NodeState from "../NodeState.ts"
import * as ReportHealth from "../ReportHealth.ts"
import * as SupervisedLinuxptp from "./SupervisedLinuxptp.ts"

/** The kubelet sets it in every pod. */
const inCluster = Config.String("KUBERNETES_SERVICE_HOST").pipe(Config.option, Config.map(Option.isSome))

/** What a second daemon says about this one. A name of the kernel has room for little more. */
const aboutDaemon = ({ nodeName, runDirectory }: Settings.SettingsValues): string => `${runDirectory} on ${nodeName}`

const processes = (settings: Settings.SettingsValues) => {
  const { runDirectory, sysfsRoot } = settings
  const about = aboutDaemon(settings)
  return SupervisedLinuxptp.layer.pipe(
    Layer.provideMerge(ManagementSocketClient.layer),
    Layer.provide(ChildProcessRunner.claimingLayer({ runDirectory, about, devicesOf: phcDevices(sysfsRoot) })),
    // The run directory is locked before the first child starts and released after the last one has ended.
    Layer.provide(RunDirectory.layer({ directory: runDirectory, about })),
    Layer.provide(LinuxptpHabits.layer)
  )
}

const credentials = (inCluster: boolean): Layer.Layer<
  KubernetesCredentials,
  Config.ConfigError | KubernetesCredentialsError,
  FileSystem.FileSystem | ChildProcessSpawner.ChildProcessSpawner
> => inCluster ? ServiceAccountCredentials.layer() : kubeConfigCredentials

/** This module is only loaded outside of a cluster, so that a booting node does not wait for it. */
const kubeConfigCredentials = Layer.unwrap(
  Effect.map(
    Effect.promise(() => import("../../layers/kubernetes/credentials/KubeConfigCredentials.ts")),
    (KubeConfigCredentials) => KubeConfigCredentials.layer
  )
)

const kubernetes = ({ namespace, nodeName }: Settings.SettingsValues, inCluster: boolean) =>
  HttpKubernetesApi.layer({ namespace, nodeName, component: "linuxptp-daemon" }).pipe(
    Layer.provide(credentials(inCluster))
  )

/** The health endpoint, and the one of metrics unless both settings name the same port. */
const endpoints = ({ healthPort, metricsPort }: Settings.SettingsValues) => {
  const health = Endpoint.patientLayer(HealthServer.endpoint({ port: healthPort }))
  if (healthPort !== metricsPort || healthPort === 0) {
    return Layer.merge(health, Endpoint.patientLayer(MetricsServer.endpoint({ port: metricsPort })))
  }
  const message = `METRICS_PORT and HEALTH_PORT are both ${healthPort}: there is no endpoint for metrics`
  return Layer.merge(health, Layer.effectDiscard(Effect.logWarning(message)))
}

const observability = (settings: Settings.SettingsValues) =>
  Layer.mergeAll(endpoints(settings), AliveFile.layer({ directory: settings.runDirectory }), EventLoopLag.layer).pipe(
    Layer.provide(ReportHealth.layer)
  )

const live = (settings: Settings.SettingsValues, inCluster: boolean) =>
  observability(settings).pipe(
    Layer.provideMerge(Layer.mergeAll(
      NodeState.layer,
      kubernetes(settings, inCluster),
      SysfsDeviceDiscovery.layer({ sysfsRoot: settings.sysfsRoot }),
      CommandInstalledLinuxptp.layer,
      processes(settings),
      TimemasterDryRun.layer({ runDirectory: settings.runDirectory }),
      FileLastKnownGood.layer({ directory: settings.stateDirectory }),
      Layer.succeed(Settings.Settings, settings)
    )),
    Layer.provide(NodeFileSystem.layer),
    Layer.provideMerge(Telemetry.traces({ nodeName: settings.nodeName, version })),
    Layer.provideMerge(Telemetry.logs(settings))
  )

/** The subcommand `run`. It ends with SIGTERM or SIGINT. */
export const runCommand = Command.make("run", {}, () =>
  Effect.gen(function*() {
    const isInCluster = yield* inCluster
    const configured = yield* Settings.config({ hostname: isInCluster ? Option.none() : Option.some(hostname()) })
    const settings = { ...configured, runDirectory: yield* RunDirectory.resolve(configured.runDirectory) }
    yield* Effect.andThen(Effect.logInfo("daemon started"), Daemon.run).pipe(
      Effect.annotateLogs({ node: settings.nodeName }),
      Effect.provide(live(settings, isInCluster))
    )
  })).pipe(Command.withDescription("The daemon; its settings come from the environment"))
