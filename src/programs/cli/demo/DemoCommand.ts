/**
 * The command `demo`: a whole cluster in one program, with an embedded API server on loopback, nodes, and the real
 * daemon on each node, over HTTP. Hardware and linuxptp are simulated; with `--real`, real ptp4l processes run in
 * network namespaces.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Effect, Layer, Logger, Schedule, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import * as PlainCredentials from "../../../layers/kubernetes/credentials/PlainCredentials.ts"
import * as HttpKubernetesApi from "../../../layers/kubernetes/HttpKubernetesApi.ts"
import { EmbeddedApiServer } from "../../../layers/simulated/apiserver/EmbeddedApiServer.ts"
import { seedNode } from "../../../layers/simulated/apiserver/SeedNode.ts"
import * as SimulatedNetwork from "../../../layers/simulated/linuxptp/SimulatedNetwork.ts"
import { KubernetesApi } from "../../../services/kubernetes/KubernetesApi.ts"
import { nodePTPDevs } from "../../../services/kubernetes/NodePTPDev.ts"
import { createManifests, type Manifest, readDeployedKinds } from "./CreateManifests.ts"
import { type DemoNodeOptions, runDemoNode } from "./DemoNodeDaemon.ts"
import { type DemoNode, demoNodes, exampleConfigs } from "./DemoNodes.ts"
import { createPod, podName, withPodLogs } from "./DemoPods.ts"
import * as DemoScreen from "./DemoScreen.ts"
import { runStory } from "./DemoStory.ts"
import { showTable } from "./DemoTable.ts"
import { DemoPortTaken, type NeededPort, requireFree } from "./FreePorts.ts"
import { kubectlLines } from "./KubectlLines.ts"
import { onlyLocalClients } from "./LocalClients.ts"
import { makePodLog, type PodLog } from "./PodLog.ts"
import { realNodes } from "./RealNodes.ts"
import { simulatedMachine } from "./SimulatedMachine.ts"

interface DemoOptions {
  readonly nodes: number
  readonly port: number
  readonly empty: boolean
  readonly real: boolean
}

/** The options, and the log of each node's daemon by the name of its pod. */
interface Demo extends DemoOptions {
  readonly logs: ReadonlyMap<string, PodLog>
}

/** Every daemon of the demo has its own ports above the API server's: metrics from +101 on, health from +201 on. */
const portsOf = (port: number, index: number) =>
  port === 0 ? { metricsPort: 0, healthPort: 0 } : { metricsPort: port + 101 + index, healthPort: port + 201 + index }

/** All ports of a demo. Each node's are above the API server's. */
const portsOfDemo = ({ nodes, port }: DemoOptions): ReadonlyArray<NeededPort> => [
  { port, use: "the API server" },
  ...namesOf(nodes).flatMap((name, index) => {
    const { healthPort, metricsPort } = portsOf(port, index)
    return [{ port: metricsPort, use: `the metrics of ${name}` }, { port: healthPort, use: `the health of ${name}` }]
  })
]

/** The names of the nodes, simulated or real. */
const namesOf = (nodes: number): ReadonlyArray<string> =>
  Array.from({ length: nodes }, (_, index) => `worker-${index + 1}`)

/** Fills the cluster: with namespace, CRDs and examples, or with nodes only. */
const populate = Effect.fnUntraced(function*(server: string, configs: ReadonlyArray<Manifest>) {
  yield* createManifests(server, [...yield* readDeployedKinds, ...configs])
})

/** In an empty cluster the user's manifests bring the kinds. Daemons that start earlier would only fail and retry. */
const kindsAreServed = Effect.gen(function*() {
  const api = yield* KubernetesApi
  yield* Effect.retry(api.list(nodePTPDevs), Schedule.spaced("250 millis")).pipe(Effect.orDie)
})

const runNodes = <R>(
  options: Demo,
  server: string,
  nodes: ReadonlyArray<Pick<DemoNodeOptions<R>, "name" | "machine" | "runDirectory">>
) =>
  Effect.forEach(
    nodes,
    Effect.fnUntraced(function*(node, index) {
      yield* createPod(node.name)
      const log = options.logs.get(podName(node.name))
      return yield* runDemoNode({ ...node, server, log, ...portsOf(options.port, index) })
    }),
    { concurrency: "unbounded", discard: true }
  )

const tell = (options: Demo) =>
  Effect.gen(function*() {
    const { url } = yield* EmbeddedApiServer
    const screen = yield* DemoScreen.DemoScreen
    yield* screen.say(kubectlLines({ ...options, port: Number(new URL(url).port) || 80 }))
    yield* kindsAreServed
    const api = yield* KubernetesApi
    return yield* showTable(api.watchAll(nodePTPDevs).pipe(Stream.map(({ objects }) => objects)))
  })

// This is not traced: a span as long as the demo would become the parent of all other spans.
const simulated = Effect.fnUntraced(function*(options: Demo) {
  const nodes: ReadonlyArray<DemoNode> = demoNodes(options.nodes)
  const { url } = yield* EmbeddedApiServer
  yield* Effect.forEach(nodes, ({ labels, name }) => seedNode(name, labels), { discard: true })
  if (!options.empty) yield* populate(url, exampleConfigs(options.nodes))
  const screen = yield* DemoScreen.DemoScreen
  const daemons = Effect.andThen(
    kindsAreServed,
    runNodes(
      options,
      url,
      nodes.map(({ name }) => ({ name, machine: simulatedMachine(name), runDirectory: `/var/run/${name}` }))
    )
  )
  const story = options.empty ? Effect.never : runStory("worker-1", screen.say)
  return yield* Effect.all([daemons, story, tell(options)], { concurrency: "unbounded", discard: true }).pipe(
    Effect.provide(SimulatedNetwork.layer(nodes))
  )
})

const real = Effect.fnUntraced(function*(options: Demo) {
  const { url } = yield* EmbeddedApiServer
  const { configs, nodes } = yield* realNodes(options.nodes)
  yield* Effect.forEach(nodes, ({ name }) => seedNode(name, { "node-role.kubernetes.io/worker": "" }), {
    discard: true
  })
  if (!options.empty) yield* populate(url, configs)
  const daemons = Effect.andThen(kindsAreServed, runNodes(options, url, nodes))
  return yield* Effect.all([daemons, tell(options)], { concurrency: "unbounded", discard: true })
})

/** The Kubernetes client of the demo itself, for its table. */
const client = Layer.unwrap(
  Effect.map(
    EmbeddedApiServer,
    ({ url }) =>
      HttpKubernetesApi.layer({ namespace: "ptp", nodeName: "", component: "demo" }).pipe(
        Layer.provide(PlainCredentials.layer({ server: url }))
      )
  )
)

const runDemo = Effect.fnUntraced(function*(options: DemoOptions) {
  yield* requireFree(portsOfDemo(options))
  const logs = new Map<string, PodLog>()
  for (const name of namesOf(options.nodes)) logs.set(podName(name), yield* makePodLog)
  const demo: Demo = { ...options, logs }
  const server = EmbeddedApiServer.layer({
    port: options.port,
    front: (api) => onlyLocalClients(withPodLogs(logs)(api))
  })
  return yield* Effect.scoped(options.real ? real(demo) : simulated(demo)).pipe(
    Effect.provide(
      Layer.mergeAll(
        client,
        DemoScreen.layer,
        NodeFileSystem.layer,
        NodeHttpClient.layerNodeHttp,
        Logger.layer([])
      ).pipe(
        Layer.provideMerge(server)
      )
    ),
    // Somebody else was quicker.
    Effect.catchTag(
      ["ServeError", "PortTaken"],
      (cause) => Effect.fail(new DemoPortTaken({ port: options.port, use: "the demo", cause }))
    )
  )
})

const most = 99

/** The subcommand `demo`. It ends with SIGINT or SIGTERM. */
export const demoCommand = Command.make(
  "demo",
  {
    nodes: Flag.Int("nodes").pipe(
      Flag.withMetavar("N"),
      Flag.withDefault(3),
      Flag.filter((nodes) => nodes >= 1 && nodes <= most, (nodes) => `expected 1 to ${most} nodes, not ${nodes}`),
      Flag.withDescription("how many nodes the cluster has (3)")
    ),
    port: Flag.Int("port").pipe(
      Flag.withMetavar("P"),
      Flag.withDefault(8001),
      Flag.filter((port) => port >= 0 && port <= 65_000, (port) => `expected a port, not ${port}`),
      Flag.withDescription(
        "where the API server listens on 127.0.0.1 (8001); nodes have metrics at +101.., health at +201.."
      )
    ),
    empty: Flag.Boolean("empty").pipe(
      Flag.withDefault(false),
      Flag.withDescription("nodes only: create everything else with kubectl")
    ),
    real: Flag.Boolean("real").pipe(
      Flag.withDefault(false),
      Flag.withDescription("real ptp4l with software time stamps in network namespaces (Linux, root)")
    )
  },
  runDemo
).pipe(Command.withDescription("The whole story without cluster or NIC"))
