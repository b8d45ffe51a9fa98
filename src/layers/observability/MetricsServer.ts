/** `/metrics` in the Prometheus text format, with the metrics of the registry that is there when the endpoint begins. */
import { Effect } from "effect"
import { PrometheusMetrics } from "effect/observability"
import type { Endpoint } from "./Endpoint.ts"

const contentType = "text/plain; version=0.0.4; charset=utf-8"

export const endpoint = (place: { readonly port: number; readonly host?: string }): Endpoint<never> => ({
  ...place,
  setting: "METRICS_PORT",
  answers: new Map([
    ["/metrics", Effect.map(PrometheusMetrics.format(), (body) => ({ status: 200, contentType, body }))]
  ])
})
