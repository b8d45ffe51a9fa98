/**
 * The process of the fleet benchmark's API server: the embedded one, on a store that outlives its listeners. It does
 * what its parent asks and ends with it.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeWorkerRunner from "@effect/platform-node/NodeWorkerRunner"
import { Context, Effect, Exit, type FileSystem, Layer, Logger, Option, Result, Schema, Scope } from "effect"
import { HttpServer } from "effect/http"
import { RpcServer } from "effect/rpc"
import { answerHttp } from "../../src/layers/simulated/apiserver/HttpAnswer.ts"
import * as InMemoryObjectStore from "../../src/layers/simulated/apiserver/InMemoryObjectStore.ts"
import { type JsonObject, withMetadata } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { ObjectStore } from "../../src/layers/simulated/apiserver/ObjectStore.ts"
import { seedNode } from "../../src/layers/simulated/apiserver/SeedNode.ts"
import { createManifests, readDeployedKinds } from "../../src/programs/cli/demo/CreateManifests.ts"
import { nodes } from "../../src/services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../../src/services/kubernetes/NodePTPCfg.ts"
import { nodePTPDevs, NodePTPDevStatus } from "../../src/services/kubernetes/NodePTPDev.ts"
import { ServerTraffic } from "./CountedHttpServer.ts"
import { firstDomains, namespace, nodeNameOf, specialLabel, specOf, workerLabel } from "./FleetObjects.ts"
import { ApiServerRpcs } from "./FleetRpcs.ts"
import { monotonicMillis } from "./MonotonicTime.ts"
import { processUsage } from "./ProcessUsage.ts"

/** kube-apiserver's watch cache keeps up to 102,400 events of a kind; two writes of each node are enough here. */
const historyLimit = 20_000
/** As many connections as Linux lets wait for an accept, which is also what Go asks for. */
const backlog = 4_096
const write = { dryRun: false }

const listenOn = (traffic: ServerTraffic, host: string, port: number) =>
  HttpServer.serve(answerHttp).pipe(
    Layer.provideMerge(Layer.fresh(NodeHttpServer.layerServer(traffic.makeServer, { host, port, backlog }))),
    Layer.fresh
  )

const handlers = ApiServerRpcs.toLayer(Effect.gen(function*() {
  const store = yield* ObjectStore
  const services = yield* Effect.context<ObjectStore | FileSystem.FileSystem>()
  const traffic = new ServerTraffic()
  let listening: Scope.Closeable | undefined

  const listen = Effect.fnUntraced(function*(addresses: ReadonlyArray<string>, port: number) {
    const scope = yield* Scope.make()
    listening = scope
    let taken = port
    for (const address of addresses) {
      const built = yield* Layer.buildWithScope(listenOn(traffic, address, taken), scope)
      taken = Number(new URL(HttpServer.formatAddress(Context.get(built, HttpServer.HttpServer).address)).port)
    }
    return { port: taken, at: monotonicMillis() }
  }, Effect.orDie)

  const edited = Effect.fnUntraced(function*(
    type: typeof nodes,
    key: { readonly namespace: string; readonly name: string },
    change: (object: JsonObject) => JsonObject
  ) {
    const at = monotonicMillis()
    const object = yield* store.update(type, key, (current) => Result.succeed(change(current)), write)
    return { at, generation: generationOf(object), bytes: JSON.stringify({ type: "MODIFIED", object }).length }
  }, Effect.orDie)

  return {
    Seed: ({ nodes: count }) => seed(count).pipe(Effect.provide(services), Effect.orDie),
    Listen: ({ addresses, port }) => listen(addresses, port),
    Stop: () =>
      Effect.gen(function*() {
        traffic.die()
        if (listening !== undefined) yield* Scope.close(listening, Exit.void)
        return monotonicMillis()
      }),
    Compact: () => Effect.forEach([nodes, nodePTPCfgs, nodePTPDevs], store.compact, { discard: true }),
    EditProfile: ({ domain, name }) =>
      edited(nodePTPCfgs, { namespace, name }, (object) => ({ ...object, spec: specOf(name, domain) })),
    LabelNode: ({ node }) =>
      edited(
        nodes,
        { namespace: "", name: node },
        (object) => withMetadata(object, { labels: { [workerLabel]: "", [specialLabel]: "" } })
      ),
    OpenWatches: () => store.openWatches,
    AppliedNodes: ({ config, generation }) =>
      store.list(nodePTPDevs).pipe(
        Effect.map(({ objects }) => objects.filter(hasApplied(config, generation)).length),
        Effect.orDie
      ),
    MeanStatusBytes: () =>
      store.list(nodePTPDevs).pipe(
        Effect.map(({ objects }) => JSON.stringify(objects).length / objects.length),
        Effect.orDie
      ),
    Requests: ({ since }) => Effect.sync(() => traffic.since(since)),
    Usage: ({ collect }) => Effect.map(processUsage(collect), (usage) => ({ ...usage, ...traffic.bytes() }))
  }
}))

const decodeGeneration = Schema.decodeUnknownSync(Schema.Struct({
  metadata: Schema.Struct({ generation: Schema.optionalKey(Schema.Int) })
}))
const generationOf = (object: JsonObject): number => decodeGeneration(object).metadata.generation ?? 0

const decodeStatus = Schema.decodeUnknownOption(NodePTPDevStatus)
// Asked again and again while thousands of them change one after the other.
const statuses = new WeakMap<JsonObject, NodePTPDevStatus | undefined>()

const statusOf = (object: JsonObject): NodePTPDevStatus | undefined => {
  if (!statuses.has(object)) statuses.set(object, Option.getOrUndefined(decodeStatus(object["status"])))
  return statuses.get(object)
}

/** Whether a NodePTPDev says that all of its profiles run, and what it says of the config is this generation or newer. */
const hasApplied = (config: string, generation: number) => (object: JsonObject): boolean => {
  const status = statusOf(object)
  return status !== undefined &&
    status.conditions.some(({ reason, type }) => type === "Applied" && reason === "Applied") &&
    status.profiles.every((profile) => profile.config !== config || (profile.generation ?? 0) >= generation)
}

const seed = Effect.fnUntraced(function*(count: number) {
  const store = yield* ObjectStore
  // Definitions come through the front door, as an operator's do; a listener of its own is gone afterwards.
  yield* Effect.scoped(Effect.gen(function*() {
    const { address } = yield* HttpServer.HttpServer
    const url = HttpServer.formatAddress(address)
    yield* createManifests(url, yield* readDeployedKinds)
  })).pipe(
    Effect.provide(Layer.merge(listenOn(new ServerTraffic(), "127.0.0.1", 0), NodeHttpClient.layerNodeHttp))
  )
  for (let index = 0; index < count; index += 1) yield* seedNode(nodeNameOf(index), { [workerLabel]: "" })
  for (const [name, domain] of Object.entries(firstDomains)) {
    yield* store.create(nodePTPCfgs, { metadata: { name, namespace }, spec: specOf(name, domain) }, write)
  }
})

// A parent that was killed says nothing; its channel closes.
process.once("disconnect", () => process.exit(1))

RpcServer.layer(ApiServerRpcs, { disableTracing: true }).pipe(
  Layer.provide(handlers),
  Layer.provide(RpcServer.layerProtocolWorkerRunner),
  Layer.provide(NodeWorkerRunner.layer),
  Layer.provide(Layer.mergeAll(InMemoryObjectStore.layer({ historyLimit }), NodeFileSystem.layer, Logger.layer([]))),
  Layer.launch,
  NodeRuntime.runMain
)
