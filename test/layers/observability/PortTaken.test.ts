import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { createServer } from "node:net"
import * as HealthServer from "../../../src/layers/observability/HealthServer.ts"
import * as MetricsServer from "../../../src/layers/observability/MetricsServer.ts"
import { Health } from "../../../src/services/Health.ts"

/** A port on loopback that somebody listens on while the scope is open. */
const takenPort = Effect.acquireRelease(
  Effect.callback<ReturnType<typeof createServer>>((resume) => {
    const server = createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) => Effect.sync(() => server.close())
).pipe(Effect.map((server) => {
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}))

const health = Layer.succeed(Health, { stuck: Effect.succeed([]), notReady: Effect.succeed([]) })

describe("an endpoint whose port is taken", () => {
  it.effect("names the setting, the port and the reason", () =>
    Effect.gen(function*() {
      const port = yield* takenPort
      const host = "127.0.0.1"
      const metrics = yield* Effect.flip(Layer.build(MetricsServer.layer({ host, port })))
      const healthz = yield* Effect.flip(Layer.build(HealthServer.layer({ host, port }).pipe(Layer.provide(health))))
      assert.match(metrics.message, new RegExp(`^cannot listen on METRICS_PORT ${port}: .*EADDRINUSE`))
      assert.match(healthz.message, new RegExp(`^cannot listen on HEALTH_PORT ${port}: .*EADDRINUSE`))
    }).pipe(Effect.scoped))
})
