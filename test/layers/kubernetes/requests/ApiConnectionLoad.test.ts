import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { Worker } from "node:worker_threads"
import { KubernetesCredentials } from "../../../../src/services/kubernetes/KubernetesCredentials.ts"
import { nodePTPDevs } from "../../../../src/services/kubernetes/NodePTPDev.ts"
import { buildApi } from "../ScriptedClient.ts"
import { tlsFixtures } from "../TlsFixtures.ts"

/** Each turn of the event loop takes 5 ms more, as on a node that is busy with something else. */
const heldUpEventLoop = Effect.acquireRelease(
  Effect.sync(() => {
    const cell = new Int32Array(new SharedArrayBuffer(4))
    const load = { isOver: false }
    const turn = () => {
      Atomics.wait(cell, 0, 0, 5)
      if (!load.isOver) setImmediate(turn)
    }
    setImmediate(turn)
    return load
  }),
  (load) =>
    Effect.sync(() => {
      load.isOver = true
    })
)

describe("a connection", () => {
  it.effect("is used again also where the answer is there before node has seen the request off", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const port = new Int32Array(new SharedArrayBuffer(4))
      yield* Effect.acquireRelease(
        Effect.sync(() =>
          new Worker(new URL("StandInTlsServer.ts", import.meta.url), {
            workerData: { cert: pem.nextServer, key: pem.key, port }
          })
        ),
        (thread) => Effect.promise(() => thread.terminate())
      )
      yield* Effect.promise(async () => Atomics.waitAsync(port, 0, 0).value)
      const api = yield* buildApi(Layer.succeed(KubernetesCredentials, {
        server: `https://127.0.0.1:${port[0]}`,
        headers: () => Effect.succeed({}),
        tls: Effect.succeed({ ca: pem.nextCa })
      }))
      yield* heldUpEventLoop
      for (let request = 0; request < 50; request++) {
        const connections = Option.map(
          yield* api.get(nodePTPDevs, "worker-1"),
          ({ metadata }) => metadata.resourceVersion
        )
        assert.deepStrictEqual(connections, Option.some("1"))
      }
    }))
})
