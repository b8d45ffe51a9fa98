/** Serves `/healthz` and `/readyz` for the kubelet: 200 `ok`, or 503 with the reasons, one per line. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import { Health } from "../../services/Health.ts"
import { PortTaken } from "./PortTaken.ts"

const answer = (reasons: ReadonlyArray<string>) =>
  reasons.length === 0
    ? HttpServerResponse.text("ok\n")
    : HttpServerResponse.text(`${reasons.join("\n")}\n`, { status: 503 })

const routes = Layer.mergeAll(
  HttpRouter.add("GET", "/healthz", Effect.flatMap(Health, (health) => Effect.map(health.stuck, answer))),
  HttpRouter.add("GET", "/readyz", Effect.flatMap(Health, (health) => Effect.map(health.notReady, answer)))
)

export const layer = (options: {
  readonly port: number
  /** Absent means all addresses, because the kubelet asks from the host. */
  readonly host?: string
}): Layer.Layer<never, PortTaken, Health> =>
  HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide(NodeHttpServer.layer(createServer, { ...options, gracefulShutdownTimeout: "100 millis" })),
    Layer.catchTag(
      "ServeError",
      (cause) => Layer.effectDiscard(Effect.fail(new PortTaken({ setting: "HEALTH_PORT", port: options.port, cause })))
    )
  )
