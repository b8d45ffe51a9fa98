/**
 * Serves `/metrics` in the Prometheus text format, with the metrics of the registry that was there when the layer was
 * built.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Layer, Metric } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { createServer } from "node:http"
import { PortTaken } from "./PortTaken.ts"

const contentType = "text/plain; version=0.0.4; charset=utf-8"

export const layer = (options: {
  readonly port: number
  readonly host?: string
}): Layer.Layer<never, PortTaken> =>
  Layer.unwrap(Effect.gen(function*() {
    // The demo runs several nodes in one program, each with its own registry.
    const registry = yield* Metric.MetricRegistry
    const metrics = PrometheusMetrics.format().pipe(
      Effect.provideService(Metric.MetricRegistry, registry),
      Effect.map((text) => HttpServerResponse.text(text, { contentType }))
    )
    return HttpRouter.serve(HttpRouter.add("GET", "/metrics", metrics), {
      disableLogger: true,
      disableListenLog: true
    }).pipe(
      Layer.provide(NodeHttpServer.layer(createServer, { ...options, gracefulShutdownTimeout: "100 millis" })),
      Layer.catchTag("ServeError", (cause) =>
        Layer.effectDiscard(Effect.fail(new PortTaken({ setting: "METRICS_PORT", port: options.port, cause }))))
    )
  }))
