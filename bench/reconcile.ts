/**
 * From the watch event to the successor's exec: the whole daemon over HTTP against the embedded API server, with real
 * children that end at once on SIGTERM. Each of 200 edits replaces the one process of a node; the clock starts when
 * the event is read from the connection and stops when the first line of the new process arrives, which is later than
 * its exec.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Clock, Console, Effect, FileSystem, Layer, Logger, Option, Queue, Result, Schema, Stream } from "effect"
import * as PlainCredentials from "../src/layers/kubernetes/credentials/PlainCredentials.ts"
import * as HttpKubernetesApi from "../src/layers/kubernetes/HttpKubernetesApi.ts"
import * as LinuxptpHabits from "../src/layers/linuxptp/LinuxptpHabits.ts"
import * as Libc from "../src/layers/native/Libc.ts"
import * as ChildProcessRunner from "../src/layers/processes/ChildProcessRunner.ts"
import * as FiberProcessSupervisor from "../src/layers/processes/FiberProcessSupervisor.ts"
import { EmbeddedApiServer } from "../src/layers/simulated/apiserver/EmbeddedApiServer.ts"
import { ObjectStore } from "../src/layers/simulated/apiserver/ObjectStore.ts"
import * as InMemoryDeviceDiscovery from "../src/layers/simulated/devices/InMemoryDeviceDiscovery.ts"
import * as NoManagementClient from "../src/layers/simulated/linuxptp/NoManagementClient.ts"
import * as SimulatedConfigurationCheck from "../src/layers/simulated/linuxptp/SimulatedConfigurationCheck.ts"
import * as InMemoryLastKnownGood from "../src/layers/simulated/state/InMemoryLastKnownGood.ts"
import { createManifests, readDeployedKinds } from "../src/programs/cli/demo/CreateManifests.ts"
import * as Daemon from "../src/programs/Daemon.ts"
import * as NodeState from "../src/programs/NodeState.ts"
import { KubernetesApi } from "../src/services/kubernetes/KubernetesApi.ts"
import { KubernetesObject } from "../src/services/kubernetes/KubernetesObject.ts"
import { nodePTPCfgs } from "../src/services/kubernetes/NodePTPCfg.ts"
import { InstalledLinuxptp } from "../src/services/linuxptp/InstalledLinuxptp.ts"
import { ProcessSupervisor } from "../src/services/processes/ProcessSupervisor.ts"
import { Settings } from "../src/services/Settings.ts"
import { machineFacts, spread } from "./MachineFacts.ts"
import { standInKnowledge } from "./StandInKnowledge.ts"

const changes = 200
const warmUp = 10

/** Says that it listens, then sleeps; SIGTERM ends it at once. */
const standIn = `#!/bin/sh
echo "ptp4l[1.000]: port 1 (ens1f0): INITIALIZING to LISTENING on INIT_COMPLETE"
exec sleep 100000
`

const nodePTPCfg = (domain: number) => ({
  metadata: { name: "bench", namespace: "ptp" },
  spec: {
    profile: [{ name: "profile1", interface: "ens1f0", ptp4lOpts: `-2 --domainNumber ${domain}` }],
    recommend: [{ profile: "profile1", priority: 4, match: [{ nodeName: "worker-1" }] }]
  }
})

/** Tells when the event of each generation was read. */
const timedApi = (readAt: Map<number, bigint>) =>
  Layer.effect(
    KubernetesApi,
    Effect.map(KubernetesApi, (api) => ({
      ...api,
      watchAll: (...args: Parameters<typeof api.watchAll>) =>
        api.watchAll(...args).pipe(Stream.tap(({ change }) =>
          Effect.sync(() => {
            if (args[0] === nodePTPCfgs && change.generation !== undefined) {
              readAt.set(change.generation, change.receivedAtNanos)
            }
          })
        ))
    }))
  )

const measure = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "linuxptp-daemon-bench-" })
  yield* fs.writeFileString(`${directory}/ptp4l`, standIn, { mode: 0o755 })
  const { url } = yield* EmbeddedApiServer
  const store = yield* ObjectStore
  yield* createManifests(url, yield* readDeployedKinds)
  const readAt = new Map<number, bigint>()
  const node = Layer.mergeAll(
    NodeState.layer,
    timedApi(readAt).pipe(
      Layer.provide(HttpKubernetesApi.layer({ namespace: "ptp", nodeName: "worker-1", component: "bench" })),
      Layer.provide(PlainCredentials.layer({ server: url }))
    ),
    InMemoryDeviceDiscovery.layer([]),
    SimulatedConfigurationCheck.layer,
    NoManagementClient.layer,
    InMemoryLastKnownGood.layer(),
    Layer.succeed(InstalledLinuxptp, { version: Effect.succeedSome({ major: 4, minor: 4, patch: 0 }) }),
    Layer.succeed(Settings, {
      nodeName: "worker-1",
      namespace: "ptp",
      runDirectory: directory,
      stateDirectory: directory,
      sysfsRoot: "/sys",
      metricsPort: 0,
      healthPort: 0,
      logLevel: "Error",
      logFormat: "json"
    }),
    FiberProcessSupervisor.layer(standInKnowledge).pipe(
      Layer.provide(ChildProcessRunner.layer({ runDirectory: directory, searchPath: [directory, "/usr/bin", "/bin"] })),
      Layer.provide(LinuxptpHabits.layer),
      Layer.provide(Libc.layer)
    )
  )
  return yield* Effect.gen(function*() {
    const supervisor = yield* ProcessSupervisor
    const firstLines = yield* Queue.unbounded<bigint>()
    yield* supervisor.output.pipe(
      Stream.runForEach(() => Effect.flatMap(Clock.monotonicTimeNanos, (now) => Queue.offer(firstLines, now))),
      Effect.forkScoped({ startImmediately: true })
    )
    yield* Effect.forkScoped(Daemon.run)
    yield* store.create(nodePTPCfgs, nodePTPCfg(0), { dryRun: false })
    yield* Queue.take(firstLines)
    const samples: Array<number> = []
    for (let change = 1; change <= warmUp + changes; change += 1) {
      const key = { namespace: "ptp", name: "bench" }
      const object = Option.getOrThrow(yield* store.get(nodePTPCfgs, key))
      const { spec } = nodePTPCfg(change % 128)
      const stored = yield* store.update(nodePTPCfgs, key, () => Result.succeed({ ...object, spec }), { dryRun: false })
      const execAt = yield* Queue.take(firstLines)
      const { generation } = (yield* Schema.decodeUnknownEffect(KubernetesObject)(stored)).metadata
      const eventAt = readAt.get(generation ?? 0)
      if (eventAt === undefined) return yield* Effect.die(new Error(`no watch event of generation ${generation}`))
      if (change > warmUp) samples.push(Number(execAt - eventAt) / 1e6)
    }
    return samples
  }).pipe(Effect.provide(node))
})

export const benchReconcile: Effect.Effect<void, unknown> = measure.pipe(
  Effect.flatMap((samples) =>
    Console.log(
      `${machineFacts()}\nwatch event to the successor's first line, ${samples.length} changes: ` +
        spread(samples, { p50: 20, p99: 100 })
    )
  ),
  Effect.scoped,
  Effect.provide(Layer.mergeAll(
    EmbeddedApiServer.layer({ port: 0 }),
    NodeFileSystem.layer,
    NodeHttpClient.layerNodeHttp,
    Logger.layer([])
  ))
)
