/**
 * The daemon's core on `worker-1`: the real client with the given credentials, above the demo's NICs and simulated
 * linuxptp. It ends with the scope.
 */
import { Context, Effect, Layer, Logger, References, Stream, SubscriptionRef } from "effect"
import * as HttpKubernetesApi from "../../src/layers/kubernetes/HttpKubernetesApi.ts"
import * as SimulatedNetwork from "../../src/layers/simulated/linuxptp/SimulatedNetwork.ts"
import * as InMemoryLastKnownGood from "../../src/layers/simulated/state/InMemoryLastKnownGood.ts"
import { demoNodes } from "../../src/programs/cli/demo/DemoNodes.ts"
import { simulatedMachine } from "../../src/programs/cli/demo/SimulatedMachine.ts"
import * as SupervisedLinuxptp from "../../src/programs/cli/SupervisedLinuxptp.ts"
import * as Daemon from "../../src/programs/Daemon.ts"
import * as NodeState from "../../src/programs/NodeState.ts"
import type { KubernetesCredentials } from "../../src/services/kubernetes/KubernetesCredentials.ts"
import { type ProcessStatus, ProcessSupervisor } from "../../src/services/processes/ProcessSupervisor.ts"
import { Settings } from "../../src/services/Settings.ts"

const nodeName = "worker-1"

// Nothing is written: simulated processes have no files.
const runDirectory = "/run/simulated"

const settings = {
  nodeName,
  namespace: "ptp",
  runDirectory,
  stateDirectory: runDirectory,
  sysfsRoot: "/sys",
  metricsPort: 0,
  healthPort: 0,
  logLevel: "Info",
  logFormat: "json"
} as const

const machine = SupervisedLinuxptp.layer.pipe(
  Layer.provideMerge(simulatedMachine(nodeName)),
  Layer.provideMerge(SimulatedNetwork.layer(demoNodes(1)))
)

export interface SimulatedDaemon {
  /** Its log so far, one line each. */
  readonly logged: ReadonlyArray<string>
  /** What runs, as its supervisor says. */
  readonly processes: Effect.Effect<ReadonlyArray<ProcessStatus>>
  /** The world around the node. */
  readonly network: SimulatedNetwork.SimulatedNetwork["Service"]
}

/** Starts it in the pod of this name; how it proves who it is stands in the layer. */
export const startSimulatedDaemon = Effect.fn("startSimulatedDaemon")(
  function*<E>(credentials: Layer.Layer<KubernetesCredentials, E>, podName?: string) {
    const api = HttpKubernetesApi.layer({ namespace: "ptp", nodeName, component: "linuxptp-daemon" }).pipe(
      Layer.provide(credentials)
    )
    const logged: Array<string> = []
    const logs = Logger.layer([Logger.map(Logger.formatLogFmt, (line) => void logged.push(line))])
    const node = yield* Layer.build(
      Layer.fresh(
        Layer.mergeAll(
          NodeState.layer,
          api,
          machine,
          Layer.succeed(Settings, { ...settings, podName }),
          InMemoryLastKnownGood.layer(),
          logs
        )
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
    const network = Context.get(node, SimulatedNetwork.SimulatedNetwork)
    return { logged, processes: SubscriptionRef.get(processes), network } satisfies SimulatedDaemon
  }
)
