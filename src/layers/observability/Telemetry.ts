/**
 * Logs to stdout and traces over OTLP. Traces are off until the standard variable `OTEL_EXPORTER_OTLP_ENDPOINT` (or its
 * variant for traces) is set. A collector that is down or hangs never disturbs the daemon.
 */
import { Cause, type Config, Duration, Effect, Layer, Logger, References, Result } from "effect"
import { OtlpSerialization, OtlpTracer } from "effect/observability"
import type { SettingsValues } from "../../services/Settings.ts"
import * as BoundedLog from "./BoundedLog.ts"
import * as CollectorClient from "./CollectorClient.ts"
import { jsonLines } from "./JsonLines.ts"
import { type TraceSettings, traceSettings } from "./TraceSettings.ts"

/** What a stop may wait for the last spans. */
const lastExport = Duration.millis(200)

/** Exports the spans of the daemon of one node. What is wrong with the settings is told, and then there are no traces. */
export const traces = (
  options: { readonly nodeName: string; readonly version: string }
): Layer.Layer<never, Config.ConfigError> =>
  Layer.unwrap(Effect.gen(function*() {
    return Result.match(yield* traceSettings, {
      onFailure: withoutTraces,
      onSuccess: (settings) => settings === undefined ? Layer.empty : exporting(settings, options)
    })
  }))

const withoutTraces = (reason: string) => Layer.effectDiscard(Effect.logWarning(`there are no traces: ${reason}`))

const exporting = (
  { batchSize, compression, headers, interval, protocol, timeout, url }: TraceSettings,
  { nodeName, version }: { readonly nodeName: string; readonly version: string }
): Layer.Layer<never> =>
  OtlpTracer.layer({
    url,
    headers,
    compression,
    exportInterval: interval,
    maxBatchSize: batchSize,
    shutdownTimeout: lastExport,
    resource: {
      serviceName: "linuxptp-daemon",
      serviceVersion: version,
      attributes: { "k8s.node.name": nodeName }
    }
  }).pipe(
    Layer.provide(protocol === "http/json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf),
    Layer.provide(CollectorClient.layer({ timeout, url })),
    // The exporter reads OTEL_RESOURCE_ATTRIBUTES and dies of a wrong value.
    Layer.catchCause((cause) => withoutTraces(Cause.prettyErrors(cause).map(({ message }) => message).join("; "))),
    Layer.orDie
  )

/** Logs one line per record to stdout: JSON in a cluster, readable text on a terminal. */
export const logs = ({ logFormat, logLevel }: Pick<SettingsValues, "logFormat" | "logLevel">): Layer.Layer<never> =>
  Layer.merge(
    BoundedLog.layer(logFormat === "json" ? Logger.withConsoleLog(jsonLines) : Logger.consolePretty(), process.stdout),
    Layer.succeed(References.MinimumLogLevel, logLevel)
  )
