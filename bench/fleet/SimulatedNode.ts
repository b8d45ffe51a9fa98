/**
 * One node of the fleet: the daemon's own reconciler, publisher and Kubernetes client with connections of their own,
 * over NICs and a supervisor that are none. What a real daemon has beside these does not talk to the API server.
 */
import { Effect, Layer, Scheduler, SubscriptionRef } from "effect"
import * as HttpKubernetesApi from "../../src/layers/kubernetes/HttpKubernetesApi.ts"
import * as InMemoryDeviceDiscovery from "../../src/layers/simulated/devices/InMemoryDeviceDiscovery.ts"
import * as SimulatedConfigurationCheck from "../../src/layers/simulated/linuxptp/SimulatedConfigurationCheck.ts"
import * as SimulatedInstalledLinuxptp from "../../src/layers/simulated/linuxptp/SimulatedInstalledLinuxptp.ts"
import * as InMemoryLastKnownGood from "../../src/layers/simulated/state/InMemoryLastKnownGood.ts"
import { demoNodes } from "../../src/programs/cli/demo/DemoNodes.ts"
import * as NodeState from "../../src/programs/NodeState.ts"
import * as PublishNodeStatus from "../../src/programs/PublishNodeStatus.ts"
import * as ReconcileProfiles from "../../src/programs/ReconcileProfiles.ts"
import { KubernetesCredentials } from "../../src/services/kubernetes/KubernetesCredentials.ts"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import { Settings } from "../../src/services/Settings.ts"
import { namespace } from "./FleetObjects.ts"
import * as RecordingSupervisor from "./RecordingSupervisor.ts"

interface SimulatedNodeOptions {
  readonly name: string
  readonly server: string
  readonly onApply: (processes: ReadonlyArray<ProcessSpec>) => void
}

/**
 * Fibers go on in microtasks, which node empties before it reads from the next socket: what one node received it has
 * worked off before another node's bytes are handed over. On a machine of its own no other node would be in its way.
 */
const nodeAtATime = new Scheduler.MixedScheduler("async", (task) => {
  let isCancelled = false
  queueMicrotask(() => {
    if (!isCancelled) task()
  })
  return () => {
    isCancelled = true
  }
})

const [, usual] = demoNodes(2)

/** Locked for long: what a status is largest with. */
const lockedClock = NodeState.NodeState.use(({ clock }) =>
  SubscriptionRef.set(clock, {
    state: "LOCKED",
    reason: "Locked",
    grandmaster: "507c6f.fffe.1fb1c0",
    ports: [{ interface: "ens787f1", state: "SLAVE" }],
    alarms: [],
    sinceMillis: Date.UTC(2026, 10, 1)
  })
)

/** Runs until it is interrupted. */
export const runSimulatedNode = ({ name, onApply, server }: SimulatedNodeOptions): Effect.Effect<void> => {
  const credentials = Layer.succeed(KubernetesCredentials, {
    server,
    headers: () => Effect.succeed({ "user-agent": name }),
    tls: Effect.succeed({})
  })
  const settings = Layer.succeed(Settings, {
    nodeName: name,
    namespace,
    runDirectory: "/var/run/linuxptp-daemon",
    stateDirectory: "/var/lib/linuxptp-daemon",
    sysfsRoot: "/sys",
    metricsPort: 0,
    healthPort: 0,
    logLevel: "Error",
    logFormat: "json"
  })
  const node = Layer.mergeAll(
    NodeState.layer,
    HttpKubernetesApi.layer({ namespace, nodeName: name, component: "linuxptp-daemon" }).pipe(
      Layer.provide(credentials)
    ),
    InMemoryDeviceDiscovery.layer(usual?.interfaces ?? []),
    SimulatedConfigurationCheck.layer,
    SimulatedInstalledLinuxptp.layer({ version: { major: 4, minor: 4, patch: 0 } }),
    RecordingSupervisor.layer(onApply),
    InMemoryLastKnownGood.layer(),
    settings
  )
  const daemon = Effect.all([ReconcileProfiles.run, PublishNodeStatus.run], {
    concurrency: "unbounded",
    discard: true
  })
  return Effect.andThen(lockedClock, daemon).pipe(
    // Fresh: layers are shared by identity, and no node shares anything with another.
    Effect.provide(Layer.fresh(node)),
    Effect.provideService(Scheduler.Scheduler, nodeAtATime)
  )
}
