/**
 * A process of some thousand simulated nodes. It starts them, and tells its parent when each of them received and
 * applied something; it ends with its parent.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeWorkerRunner from "@effect/platform-node/NodeWorkerRunner"
import { Deferred, Effect, Layer, Logger, References, Schedule } from "effect"
import { RpcServer } from "effect/rpc"
import { domainOf, isOrdinary, nodeNameOf } from "./FleetObjects.ts"
import { NodesRpcs } from "./FleetRpcs.ts"
import { monotonicMillis } from "./MonotonicTime.ts"
import { processUsage } from "./ProcessUsage.ts"
import { forgetReceipts, receiptOf, watchReceipts } from "./ReceiptTimes.ts"
import { runSimulatedNode } from "./SimulatedNode.ts"

/** When a node was handed the processes of each domain. */
type Applied = Map<number, number>

const handlers = NodesRpcs.toLayer(Effect.gen(function*() {
  const scope = yield* Effect.scope
  const nodes = new Map<string, Applied>()
  watchReceipts()

  /** Ends when the node has applied its first configuration; the node goes on. */
  const start = Effect.fnUntraced(function*(name: string, server: string) {
    const applied: Applied = new Map()
    nodes.set(name, applied)
    const first = yield* Deferred.make<void>()
    yield* runSimulatedNode({
      name,
      server,
      onApply: (processes) => {
        const domain = domainOf(processes)
        if (domain === undefined) return
        applied.set(domain, monotonicMillis())
        Deferred.doneUnsafe(first, Effect.void)
      }
    }).pipe(Effect.forkIn(scope))
    yield* Deferred.await(first)
  })

  const named = (name: string | undefined): ReadonlyArray<readonly [string, Applied]> =>
    [...nodes].filter(([node]) => name === undefined ? isOrdinary(node) : node === name)

  return {
    Start: ({ atOnce, count, first, server }) =>
      Effect.forEach(
        Array.from({ length: count }, (_, index) => nodeNameOf(first + index)),
        (name) => start(name, server),
        { concurrency: atOnce, discard: true }
      ),
    Forget: () =>
      Effect.sync(() => {
        forgetReceipts()
        for (const applied of nodes.values()) applied.clear()
      }),
    Applied: ({ domain, node, resource, withinMillis }) =>
      Effect.suspend(() => {
        const asked = named(node)
        const isDone = Effect.sync(() => asked.every(([, applied]) => applied.has(domain)))
        return isDone.pipe(
          Effect.repeat({ until: (done: boolean) => done, schedule: Schedule.spaced("50 millis") }),
          Effect.timeoutOption(`${withinMillis} millis`),
          Effect.map(() =>
            asked.flatMap(([name, applied]) => {
              const appliedAt = applied.get(domain)
              const receivedAt = receiptOf(name, resource)
              return appliedAt === undefined || receivedAt === undefined ? [] : [{ receivedAt, appliedAt }]
            })
          )
        )
      }),
    Usage: ({ collect }) => processUsage(collect)
  }
}))

// A parent that was killed says nothing; its channel closes.
process.once("disconnect", () => process.exit(1))

RpcServer.layer(NodesRpcs, { disableTracing: true }).pipe(
  Layer.provide(handlers),
  Layer.provide(RpcServer.layerProtocolWorkerRunner),
  Layer.provide(NodeWorkerRunner.layer),
  Layer.provide(Layer.mergeAll(Logger.layer([]), Layer.succeed(References.MinimumLogLevel, "None"))),
  Layer.launch,
  NodeRuntime.runMain
)
