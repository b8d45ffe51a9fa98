/**
 * The daemon's core on one node, as its service account: the real client over a projected directory as the kubelet
 * keeps it, and simulated NICs and linuxptp beneath it. It ends with the scope.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { ConfigProvider, Context, Effect, Layer, Logger, References, Stream, SubscriptionRef } from "effect"
import { mkdtempSync, renameSync, writeFileSync } from "node:fs"
import path from "node:path"
import * as HttpKubernetesApi from "../../src/layers/kubernetes/HttpKubernetesApi.ts"
import * as ServiceAccountCredentials from "../../src/layers/kubernetes/ServiceAccountCredentials.ts"
import * as SimulatedNetwork from "../../src/layers/processes/simulated/SimulatedNetwork.ts"
import * as InMemoryLastKnownGood from "../../src/layers/state/InMemoryLastKnownGood.ts"
import { demoNodes } from "../../src/programs/cli/demo/DemoNodes.ts"
import { simulatedMachine } from "../../src/programs/cli/demo/SimulatedMachine.ts"
import * as SupervisedLinuxptp from "../../src/programs/cli/SupervisedLinuxptp.ts"
import * as Daemon from "../../src/programs/Daemon.ts"
import * as NodeState from "../../src/programs/NodeState.ts"
import { type ProcessStatus, ProcessSupervisor } from "../../src/services/processes/ProcessSupervisor.ts"
import { Settings } from "../../src/services/Settings.ts"
import { ControlPlane } from "./ControlPlane.ts"

/** What the kubelet writes; a file is replaced whole, as it does it. */
export interface ProjectedFiles {
  readonly directory: string
  readonly write: (file: "token" | "ca.crt", text: string) => void
}

const projectedFiles = (parent: string): ProjectedFiles => {
  const directory = mkdtempSync(path.join(parent, "serviceaccount-"))
  return {
    directory,
    write: (file, text) => {
      writeFileSync(path.join(directory, `..${file}`), text)
      renameSync(path.join(directory, `..${file}`), path.join(directory, file))
    }
  }
}

const settingsOf = (nodeName: string, runDirectory: string) =>
  Layer.succeed(Settings, {
    nodeName,
    namespace: "ptp",
    runDirectory,
    stateDirectory: runDirectory,
    sysfsRoot: "/sys",
    metricsPort: 0,
    healthPort: 0,
    logLevel: "Info",
    logFormat: "json"
  })

/** Starts the daemon of `worker-1`, whose NICs are the demo's. */
export const startDaemon = Effect.fn("startDaemon")(function*(token: string) {
  const nodeName = "worker-1"
  const { authority, directory, port } = yield* ControlPlane
  const files = projectedFiles(directory)
  files.write("token", token)
  files.write("ca.crt", authority)
  const environment = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(port) }
  const api = HttpKubernetesApi.layer({ namespace: "ptp", nodeName, component: "linuxptp-daemon" }).pipe(
    Layer.provide(ServiceAccountCredentials.layer({ directory: files.directory })),
    Layer.provide(NodeFileSystem.layer),
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: environment })))
  )
  const machine = SupervisedLinuxptp.layer.pipe(
    Layer.provideMerge(simulatedMachine(nodeName)),
    Layer.provideMerge(SimulatedNetwork.layer(demoNodes(1)))
  )
  const settings = settingsOf(nodeName, path.join(files.directory, "run"))
  const logged: Array<string> = []
  const logs = Logger.layer([Logger.map(Logger.formatLogFmt, (line) => void logged.push(line))])
  const node = yield* Layer.build(
    Layer.fresh(
      Layer.mergeAll(NodeState.layer, api, machine, settings, InMemoryLastKnownGood.layer(), logs)
    )
  )
  const processes = yield* SubscriptionRef.make<ReadonlyArray<ProcessStatus>>([])
  yield* ProcessSupervisor.use(({ statuses }) =>
    Stream.runForEach(statuses, (now) => SubscriptionRef.set(processes, now))
  ).pipe(Effect.provideContext(node), Effect.forkScoped)
  yield* Daemon.run.pipe(
    Effect.provideContext(node),
    // The first failure of a watch is worth a line at this level only.
    Effect.provideService(References.MinimumLogLevel, "Debug"),
    Effect.forkScoped
  )
  return { files, logged, processes, network: Context.get(node, SimulatedNetwork.SimulatedNetwork) }
})
