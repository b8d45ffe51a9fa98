/**
 * The standard variables `OTEL_*` that say where traces go. A value that cannot be used costs the traces and not the
 * clock, so it is a result here and not an error. Without an endpoint nothing is exported and no variable is looked at.
 */
import { Config, Duration, Result } from "effect"

/** Where and how spans are exported. */
export interface TraceSettings {
  readonly url: string
  readonly protocol: "http/json" | "http/protobuf"
  readonly headers: Readonly<Record<string, string>>
  readonly compression: "gzip" | "none"
  /** For one request. */
  readonly timeout: Duration.Duration
  readonly interval: Duration.Duration
  readonly batchSize: number
}

/** Variables in the order of their rank. An empty one counts as missing. */
const read = (...names: ReadonlyArray<string>) =>
  Config.all(names.map((name) => Config.String(name).pipe(Config.withDefault("")))).pipe(
    Config.map((values) => {
      const found = values.findIndex((value) => value.trim() !== "")
      return { name: names[Math.max(found, 0)] ?? "", value: values[found]?.trim() ?? "" }
    })
  )

type Variable = Config.Success<ReturnType<typeof read>>

/** OpenTelemetry ranks the variable of a signal before the one of all signals. */
const ofExporter = (what: string) => read(`OTEL_EXPORTER_OTLP_TRACES_${what}`, `OTEL_EXPORTER_OTLP_${what}`)

const variables = Config.all({
  disabled: read("OTEL_SDK_DISABLED"),
  exporter: read("OTEL_TRACES_EXPORTER"),
  sampler: read("OTEL_TRACES_SAMPLER"),
  endpoint: ofExporter("ENDPOINT"),
  protocol: ofExporter("PROTOCOL"),
  headers: ofExporter("HEADERS"),
  compression: ofExporter("COMPRESSION"),
  certificate: ofExporter("CERTIFICATE"),
  clientCertificate: ofExporter("CLIENT_CERTIFICATE"),
  timeout: ofExporter("TIMEOUT"),
  delay: read("OTEL_BSP_SCHEDULE_DELAY"),
  batch: read("OTEL_BSP_MAX_EXPORT_BATCH_SIZE")
})

/** Undefined if no traces are wanted; fails with a sentence if they are, but a variable cannot be used. */
export const traceSettings: Config.Config<Result.Result<TraceSettings | undefined, string>> = variables.pipe(
  Config.map((found): Result.Result<TraceSettings | undefined, string> => {
    const { disabled, endpoint, exporter, sampler } = found
    const isOff = disabled.value.toLowerCase() === "true" || exporter.value === "none" || endpoint.value === "" ||
      /^(parentbased_)?always_off$/.test(sampler.value)
    if (isOff) return Result.succeed(undefined)
    return Result.map(
      Result.all({
        exporter: oneOf(exporter, ["otlp"], "otlp"),
        // One trace for each change of a person is little enough for all of them.
        sampler: oneOf(sampler, ["always_on", "parentbased_always_on"], "always_on"),
        url: readUrl(endpoint),
        protocol: oneOf(found.protocol, ["http/protobuf", "http/json"], "http/protobuf"),
        headers: readHeaders(found.headers),
        compression: oneOf(found.compression, ["gzip", "none"], "none"),
        certificate: absent(found.certificate, "its authority belongs into NODE_EXTRA_CA_CERTS"),
        clientCertificate: absent(found.clientCertificate, "client certificates are not supported"),
        // The bounds keep the daemon from exporting without a pause, and from keeping what nobody takes.
        timeout: readInteger(found.timeout, 10_000, { least: 1, most: 10_000 }),
        interval: readInteger(found.delay, 5000, { least: 100, most: 60_000 }),
        batchSize: readInteger(found.batch, 512, { least: 1, most: 1000 })
      }),
      ({ batchSize, compression, headers, interval, protocol, timeout, url }) => ({
        url,
        protocol,
        headers,
        compression,
        timeout: Duration.millis(timeout),
        interval: Duration.millis(interval),
        batchSize
      })
    )
  })
)

const refuse = ({ name, value }: Variable, expected: string) =>
  Result.fail(`${name} is ${JSON.stringify(value.slice(0, 100))}, but must be ${expected}`)

const oneOf = <A extends string>(
  variable: Variable,
  values: ReadonlyArray<A>,
  standard: A
): Result.Result<A, string> => {
  if (variable.value === "") return Result.succeed(standard)
  const found = values.find((value) => value === variable.value.toLowerCase())
  return found === undefined ? refuse(variable, values.join(" or ")) : Result.succeed(found)
}

/** A setting that would be ignored, and the connection to the collector would fail for another reason. */
const absent = (variable: Variable, why: string) =>
  variable.value === "" ? Result.succeed(undefined) : refuse(variable, `absent: ${why}`)

/** The endpoint of all signals is the base of a path, the one of traces is the whole address. */
const readUrl = (variable: Variable): Result.Result<string, string> => {
  if (!URL.canParse(variable.value) || !/^https?:\/\//i.test(variable.value)) {
    return refuse(variable, "an address with http:// or https://")
  }
  const url = new URL(variable.value)
  if (!variable.name.includes("TRACES")) url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/traces`
  return Result.succeed(url.href)
}

const header = /^\s*([!#$%&'*+.^`|~\w-]+)\s*=\s*((?:[\x20-\x24\x26-\x7e]|%[0-7][0-9a-fA-F])*?)\s*$/

/** `key=value,key=value`, with percent-encoded values (W3C Baggage). */
const readHeaders = (variable: Variable): Result.Result<Record<string, string>, string> => {
  const pairs = variable.value.split(",").filter((pair) => pair.trim() !== "").map((pair) => header.exec(pair))
  const headers = pairs.flatMap((pair) =>
    pair === null ? [] : [[pair[1] ?? "", decodeURIComponent(pair[2] ?? "")] as const]
  )
  return headers.length < pairs.length || headers.some(([, value]) => /[^\x20-\x7e]/.test(value))
    // The value may contain a secret.
    ? refuse({ ...variable, value: "…" }, "key=value,key=value with percent-encoded values")
    : Result.succeed(Object.fromEntries(headers))
}

const readInteger = (
  variable: Variable,
  standard: number,
  { least, most }: { readonly least: number; readonly most: number }
): Result.Result<number, string> => {
  if (variable.value === "") return Result.succeed(standard)
  return /^\d{1,9}$/.test(variable.value)
    ? Result.succeed(Math.min(Math.max(Number(variable.value), least), most))
    : refuse(variable, "an integer of 0 or more")
}
