/**
 * Every metric of the daemon: its name, its help sentence and its labels. Layers and programs update them, the metrics
 * endpoint renders them; nothing is measured here.
 */
import { Metric } from "effect"

/** Requests to the Kubernetes API, by `verb` and `code`: the HTTP status, or `error` when there was no answer. */
export const apiRequests = Metric.counter("linuxptp_daemon_api_requests_total", {
  description: "Requests to the Kubernetes API by verb and HTTP status code, or error without an answer.",
  incremental: true
})
