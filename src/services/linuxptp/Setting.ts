/**
 * One `name value` of a user, wherever it was written: as `--name value`, in a section of a configuration file, in
 * timemaster's `ptp4l_option`. Decides whether it is kept, left to the daemon, or refused, and why.
 */
import { currentName, findConfigOption } from "./ConfigOption.ts"
import { explainMissing } from "./ConfigOptionRow.ts"
import type { LinuxptpVersion } from "./LinuxptpVersion.ts"
import { readValue } from "./ValueType.ts"

/** `Dropped`: the daemon sets it. `Refused`: the profile is not valid with it. A message has no subject. */
export type Setting =
  | { readonly _tag: "Kept"; readonly name: string; readonly value: string; readonly warning?: string }
  | { readonly _tag: "Dropped"; readonly warning: string }
  | { readonly _tag: "Refused"; readonly error: string }

export interface SettingPlace {
  readonly version: LinuxptpVersion
  readonly scope: "global" | "port"
}

/** Below this level linuxptp prints no offset, and readiness and clock state would be blind. */
export const lowestLoggingLevel = 6

/** The daemon reads the log from stdout, so it decides where linuxptp writes and who reaches its sockets. */
const ownedByDaemon: ReadonlyMap<string, string> = new Map([
  ["verbose", "the daemon always reads linuxptp's output"],
  ["use_syslog", "the daemon writes linuxptp's output to its own log"],
  ["uds_file_mode", "the daemon sets the mode of its sockets"],
  ["uds_ro_file_mode", "the daemon sets the mode of its sockets"]
])

/** linuxptp deletes what these paths name. Copies of its sample configuration have the defaults, which do no harm. */
const defaultSockets: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["uds_address", ["/var/run/ptp4l", "/var/run/ptp/ptp4l"]],
  ["uds_ro_address", ["/var/run/ptp4lro", "/var/run/ptp/ptp4lro"]],
  ["cmlds.client_address", ["/var/run/cmlds_client", "/var/run/ptp/cmlds_client"]],
  ["cmlds.server_address", ["/var/run/cmlds_server", "/var/run/ptp/cmlds_server"]]
])

const refused: ReadonlyMap<string, string> = new Map([
  ["message_tag", "it would forge the frame of log lines"],
  ["slave_event_monitor", "linuxptp would write to the socket it names"],
  ["user", "the daemon decides which user linuxptp runs as"]
])

/** Names that stand in no table because the daemon owns or refuses them. */
export const restrictedNames: ReadonlyArray<string> = [
  ...ownedByDaemon.keys(),
  ...defaultSockets.keys(),
  ...refused.keys()
]

/** Whether `name` is one of them. */
export const isRestricted = (name: string): boolean =>
  ownedByDaemon.has(name) || defaultSockets.has(name) || refused.has(name)

const readRestricted = (name: string, value: string): Setting | undefined => {
  const owned = ownedByDaemon.get(name)
  if (owned !== undefined) return { _tag: "Dropped", warning: `ignored: ${owned}` }
  const reason = refused.get(name)
  if (reason !== undefined) return { _tag: "Refused", error: `not allowed: ${reason}` }
  const sockets = defaultSockets.get(name)
  if (sockets === undefined) return undefined
  return sockets.includes(value)
    ? { _tag: "Dropped", warning: "ignored: sockets are not the user's to place" }
    : { _tag: "Refused", error: "not allowed: linuxptp deletes the path it names" }
}

/** Raises a log level that would hide what the daemon lives on. */
export const readLoggingLevel = (value: string): { readonly value: string; readonly warning?: string } =>
  Number(value) >= lowestLoggingLevel
    ? { value }
    : {
      value: lowestLoggingLevel.toString(),
      warning: `raised to ${lowestLoggingLevel}: below it linuxptp prints no offsets`
    }

/** Reads one setting of `place` by the rules for every option of the installed version. */
export const readSetting = (place: SettingPlace, name: string, value: string): Setting => {
  const restricted = readRestricted(name, value)
  if (restricted !== undefined) return restricted
  const option = findConfigOption(place.version, name)
  if (option === undefined) return { _tag: "Refused", error: "not an option of linuxptp" }
  if (!("type" in option)) return { _tag: "Refused", error: explainMissing(place.version, option.since) }
  if (place.scope === "port" && option.scope === "global") {
    return { _tag: "Refused", error: "belongs in [global]: it holds for the whole clock" }
  }
  if (value === "") return { _tag: "Refused", error: "needs a value" }
  const read = readValue(option.type, value)
  if ("expected" in read) return { _tag: "Refused", error: `expected ${read.expected}` }
  const canonicalName = currentName(place.version, name)
  return canonicalName === "logging_level"
    ? { _tag: "Kept", name: canonicalName, ...readLoggingLevel(read.value) }
    : { _tag: "Kept", name: canonicalName, value: read.value }
}
