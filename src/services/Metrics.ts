/**
 * Every metric of the daemon with its name, help text and labels. Layers and programs update them, and the metrics
 * endpoint shows them.
 */
import { Metric } from "effect"

/** Requests to the Kubernetes API, by `verb` and `code`: the HTTP status, or `error` when there was no answer. */
export const apiRequests = Metric.counter("linuxptp_daemon_api_requests_total", {
  description: "Requests to the Kubernetes API by verb and HTTP status code, or error without an answer.",
  incremental: true
})

const durationBuckets = Metric.exponentialBoundaries({ start: 0.001, factor: 2, count: 16 })

/** Seconds from the moment when something is to be decided until it is applied. */
export const reconcileDuration = Metric.histogram("linuxptp_daemon_reconcile_duration_seconds", {
  description: "Time from changed facts to stops done and starts under way, in seconds.",
  boundaries: durationBuckets
})

/** Seconds from the event of the API server until every process is ready. */
export const changeToRunningDuration = Metric.histogram("linuxptp_daemon_change_to_running_seconds", {
  description: "Time from a change's watch event to every process of it being ready, in seconds.",
  boundaries: durationBuckets
})

/** The number of mistakes in the configuration that concern this node. */
export const rejectedProfiles = Metric.gauge("linuxptp_daemon_rejected_profiles", {
  description: "Mistakes in NodePTPCfgs that keep something from running on this node, and profiles rolled back."
})

/** Seconds since the last event or bookmark of the API server on a watch, by `resource`. */
export const watchAge = Metric.gauge("linuxptp_daemon_watch_age_seconds", {
  description: "Seconds since the API server last said something on a watch."
})

/** The longest delay of the event loop in the last 5 s, in seconds. */
export const eventLoopLag = Metric.gauge("linuxptp_daemon_event_loop_lag_seconds", {
  description: "The longest delay of the event loop in the last 5 seconds."
})

/** Always 1, with the `version` as a label. */
export const buildInfo = Metric.gauge("linuxptp_daemon_build_info", {
  description: "The version of the running daemon, as a label."
})
