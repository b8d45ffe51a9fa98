/**
 * The daemon's settings, read from environment variables. A setting that is missing or wrong ends the program with exit
 * code 1 and a message that names the variable. An empty variable counts as missing.
 */
import { Config, Context, Option, Schema } from "effect"

/** Both spellings are used: those of Go's slog and those of Effect. */
const levels = {
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  error: "Error",
  Debug: "Debug",
  Info: "Info",
  Warn: "Warn",
  Error: "Error"
} as const
const levelNames = ["debug", "info", "warn", "error", "Debug", "Info", "Warn", "Error"] as const

/** The name of most Kubernetes objects: labels of a DNS name, together at most 253 characters (RFC 1123 subdomain). */
const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const named = (pattern: RegExp, kind: string) =>
  Schema.String.check(Schema.isPattern(pattern, { message: `must be the name of a Kubernetes ${kind}` }))
const nodeName = named(subdomain, "Node")
const podName = named(subdomain, "Pod")
/** One label of a DNS name. */
const namespace = named(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "namespace")
/** 0 means any free port. */
const port = Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 0, maximum: 65_535 }))
const absolutePath = Schema.String.check(Schema.isPattern(/^\//, { message: "must be an absolute path" }))

export interface SettingsValues {
  /** Name of the Node this daemon runs on, and of its NodePTPDev. */
  readonly nodeName: string
  /** The name of the pod that the daemon runs in. Readers of its status ask whether this pod is ready. */
  readonly podName?: string | undefined
  /** Namespace of the NodePTPCfgs and NodePTPDevs. */
  readonly namespace: string
  /** All files and sockets of linuxptp processes are below this directory. */
  readonly runDirectory: string
  readonly stateDirectory: string
  readonly sysfsRoot: string
  readonly metricsPort: number
  readonly healthPort: number
  readonly logLevel: "Debug" | "Info" | "Warn" | "Error"
  readonly logFormat: "json" | "pretty"
}

export class Settings extends Context.Service<Settings, SettingsValues>()("linuxptp-daemon/services/Settings") {}

/** The directory for files and sockets of linuxptp processes, unless LINUXPTP_RUN_DIR names another one. */
export const defaultRunDirectory = "/var/run/linuxptp-daemon"

/** Reads the environment. `hostname` is used if NODE_NAME is missing outside of a cluster. */
export const config = (options: { readonly hostname: Option.Option<string> }): Config.Config<SettingsValues> =>
  Config.all({
    nodeName: Option.match(options.hostname, {
      onNone: () => Config.schema(nodeName, "NODE_NAME"),
      onSome: (hostname) => Config.schema(nodeName, "NODE_NAME").pipe(Config.withDefault(hostname))
    }),
    podName: Config.schema(podName, "POD_NAME").pipe(Config.option, Config.map(Option.getOrUndefined)),
    namespace: Config.schema(namespace, "POD_NAMESPACE").pipe(Config.withDefault("ptp")),
    runDirectory: Config.schema(absolutePath, "LINUXPTP_RUN_DIR").pipe(Config.withDefault(defaultRunDirectory)),
    stateDirectory: Config.schema(absolutePath, "LINUXPTP_STATE_DIR").pipe(
      Config.withDefault("/var/lib/linuxptp-daemon")
    ),
    sysfsRoot: Config.schema(absolutePath, "SYSFS_ROOT").pipe(Config.withDefault("/sys")),
    metricsPort: Config.schema(port, "METRICS_PORT").pipe(Config.withDefault(9091)),
    healthPort: Config.schema(port, "HEALTH_PORT").pipe(Config.withDefault(8081)),
    logLevel: Config.Literals(levelNames, "LOG_LEVEL").pipe(
      Config.withDefault("Info" as const),
      Config.map((name) => levels[name])
    ),
    logFormat: Config.Literals(["json", "pretty"], "LOG_FORMAT").pipe(Config.withDefault("json" as const))
  })

/** A wrong setting in one line, `METRICS_PORT: expected an integer`. Effect's own text has its types around it. */
export const settingText = ({ cause }: Config.ConfigError): string => {
  const [, what = cause.message, name] = /^(.*?)\s+at \["([^"]*)"\]$/s.exec(cause.message) ?? []
  if (name === undefined) return what
  return `${name}: ${what === "Expected string" ? "is missing" : what.replace(/^Expected/, "expected")}`
}
