/**
 * Logs to stdout and traces over OTLP. Traces are off until the standard variable `OTEL_EXPORTER_OTLP_ENDPOINT` (or its
 * variant for traces) is set. A collector that is down never disturbs the daemon.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Config, ConfigProvider, Layer, Logger, References } from "effect"
import { OtlpSerialization, OtlpTracer } from "effect/observability"
import type { SettingsValues } from "../../services/Settings.ts"
import { jsonLines } from "./JsonLines.ts"

const serialization = Layer.unwrap(
  Config.Literals(["http/json", "http/protobuf"], "OTEL_EXPORTER_OTLP_PROTOCOL").pipe(
    Config.withDefault("http/protobuf" as const),
    Config.map((protocol) => protocol === "http/json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf)
  )
)

/** OpenTelemetry's own default, which Effect does not set: the endpoint alone turns the export on. */
const exportByDefault = ConfigProvider.layerAdd(ConfigProvider.fromEnv({ env: { OTEL_TRACES_EXPORTER: "otlp" } }))

/** Exports the spans of the daemon of one node. */
export const traces = (options: { readonly nodeName: string; readonly version: string }) =>
  OtlpTracer.layerFromConfig({
    resource: {
      serviceName: "linuxptp-daemon",
      serviceVersion: options.version,
      attributes: { "k8s.node.name": options.nodeName }
    }
  }).pipe(
    Layer.provide(serialization),
    Layer.provide(exportByDefault),
    Layer.provide(NodeHttpClient.layerNodeHttp)
  )

/** Logs one line per record to stdout: JSON in a cluster, readable text on a terminal. */
export const logs = ({ logFormat, logLevel }: Pick<SettingsValues, "logFormat" | "logLevel">): Layer.Layer<never> =>
  Layer.merge(
    Logger.layer([logFormat === "json" ? Logger.withConsoleLog(jsonLines) : Logger.consolePretty()]),
    Layer.succeed(References.MinimumLogLevel, logLevel)
  )
