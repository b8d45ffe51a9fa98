/**
 * Judges one `name value` of a user, wherever it was written: as `--name value`, in a section of a configuration file,
 * or in timemaster's `ptp4l_option`. The setting is kept, dropped because the daemon sets it, or refused, with a
 * reason.
 */
import { didYouMeanText } from "../DidYouMean.ts"
import { currentName, findConfigOption, namesBeginningWith } from "./ConfigOption.ts"
import { explainMissing } from "./ConfigOptionRow.ts"
import type { LinuxptpVersion } from "./LinuxptpVersion.ts"
import type { Program } from "./Program.ts"
import { readValue } from "./ValueType.ts"

/**
 * `Dropped`: the daemon sets it itself. `Refused`: it makes the profile invalid. A message has no subject; the reader
 * puts the name in front.
 */
export type Setting =
  | { readonly _tag: "Kept"; readonly name: string; readonly value: string; readonly warning?: string }
  | { readonly _tag: "Dropped"; readonly warning: string }
  | { readonly _tag: "Refused"; readonly error: string }

export interface SettingPlace {
  readonly program: Program
  readonly version: LinuxptpVersion
  readonly scope: "global" | "port"
}

/** Below this level linuxptp prints no offsets; then neither readiness nor the clock's state could be observed. */
export const lowestLoggingLevel = 6

/** The daemon reads the log from stdout, so only the daemon decides where linuxptp logs and where its sockets are. */
const ownedByDaemon: ReadonlyMap<string, string> = new Map([
  ["verbose", "the daemon always reads linuxptp's output"],
  ["use_syslog", "the daemon writes linuxptp's output to its own log"],
  ["message_tag", "the daemon tells lines apart by their process"],
  ["uds_file_mode", "the daemon sets the mode of its sockets"],
  ["uds_ro_file_mode", "the daemon sets the mode of its sockets"]
])

/**
 * linuxptp deletes the files at these paths. Copies of its sample configuration contain its defaults, which do no harm.
 */
const defaultSockets: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["uds_address", ["/var/run/ptp4l", "/var/run/ptp/ptp4l"]],
  ["uds_ro_address", ["/var/run/ptp4lro", "/var/run/ptp/ptp4lro"]],
  ["cmlds.client_address", ["/var/run/cmlds_client", "/var/run/ptp/cmlds_client"]],
  ["cmlds.server_address", ["/var/run/cmlds_server", "/var/run/ptp/cmlds_server"]]
])

/** phc2sys and ts2phc are clients of the socket that a user names here; they delete nothing. */
const clientSockets: ReadonlySet<string> = new Set(["uds_address", "uds_ro_address"])

const isClient = (program: Program): boolean => program === "phc2sys" || program === "ts2phc"

const refused: ReadonlyMap<string, string> = new Map([
  ["slave_event_monitor", "linuxptp would write to the socket it names"],
  ["user", "the daemon decides which user linuxptp runs as"]
])

/** Names that are in no table because the daemon sets or refuses them. */
export const restrictedNames: ReadonlyArray<string> = [
  ...ownedByDaemon.keys(),
  ...defaultSockets.keys(),
  ...refused.keys()
]

/** Whether `name` is one of these. */
export const isRestricted = (name: string): boolean =>
  ownedByDaemon.has(name) || defaultSockets.has(name) || refused.has(name)

const readRestricted = (program: Program, name: string, value: string): Setting | undefined => {
  const owned = ownedByDaemon.get(name)
  if (owned !== undefined) return { _tag: "Dropped", warning: `ignored: ${owned}` }
  const reason = refused.get(name)
  if (reason !== undefined) return { _tag: "Refused", error: `not allowed: ${reason}` }
  const sockets = defaultSockets.get(name)
  if (sockets === undefined) return undefined
  if (isClient(program) && clientSockets.has(name)) {
    return { _tag: "Dropped", warning: "ignored: the daemon knows the socket of its ptp4l" }
  }
  return sockets.includes(value)
    ? { _tag: "Dropped", warning: "ignored: sockets are not the user's to place" }
    : { _tag: "Refused", error: "not allowed: linuxptp deletes the path it names" }
}

/** The error for a name that no release has. `withWhatWasMeant` adds to it. */
const notAnOption = "not an option of linuxptp"

/**
 * Adds the option that was probably meant to a problem with an unknown name. Searching is not free, so readers call it
 * for the problems that they show, not for all that they find.
 */
export const withWhatWasMeant =
  (version: LinuxptpVersion) => <A extends { readonly option: string; readonly message: string }>(problem: A): A => {
    const { message, option } = problem
    if (!message.endsWith(notAnOption)) return problem
    // Within a setting of timemaster the name stands in the message.
    const name = message.slice(0, -notAnOption.length).replace(/: $/, "") || option
    return { ...problem, message: message + didYouMeanText(name, namesBeginningWith(version, "")) }
  }

/** Raises a log level that would hide the lines that the daemon needs. */
export const readLoggingLevel = (value: string): { readonly value: string; readonly warning?: string } =>
  Number(value) >= lowestLoggingLevel
    ? { value }
    : {
      value: lowestLoggingLevel.toString(),
      warning: `raised to ${lowestLoggingLevel}: below it linuxptp prints no offsets`
    }

/** Reads one setting at `place` by the rules for the options of the installed version. */
export const readSetting = (place: SettingPlace, name: string, value: string): Setting => {
  const restricted = readRestricted(place.program, name, value)
  if (restricted !== undefined) return restricted
  const option = findConfigOption(place.version, name)
  if (option === undefined) return { _tag: "Refused", error: notAnOption }
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
