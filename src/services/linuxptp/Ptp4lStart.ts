/**
 * What ptp4l would refuse at its start, though each option by itself is right. Only what the text alone tells is found
 * here; whether a NIC or a file is there is another question.
 */
import { type ConfigFile, entriesOf } from "./ConfigFile.ts"
import { optionValue, type ProgramOptions } from "./EffectiveOption.ts"
import { isAddressOf, unicastMasterTable } from "./UnicastMasterTable.ts"

/** The value of an option, for a port if one is given. */
type Value = (name: string, port?: string) => string | undefined

/** Why ptp4l would end, or why a port of it would be FAULTY for ever; each begins with the option. */
export const findPtp4lStartFaults = (
  options: ProgramOptions,
  ports: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const value: Value = (name, port) => optionValue(options, name, port)
  const tables = tablesOf(options.file)
  return [
    ...clockTypeFaults(value, ports),
    ...roleFaults(value),
    ...phaseFaults(value, options),
    ...ports.flatMap((port) => [...portFaults(value, port), ...unicastFaults(value, port, tables)]),
    ...new Set(["", ...ports].flatMap((port) => securityFaults(value, port)))
  ]
}

/** linuxptp ptp4l.c, main; port.c, port_open. */
const clockTypeFaults = (value: Value, ports: ReadonlyArray<string>): ReadonlyArray<string> => {
  const type = value("clock_type") ?? "OC"
  if (type === "OC") return []
  const few = ports.length === 1 ? [`clock_type ${type}: needs at least two interfaces`] : []
  const mechanism = type === "P2P_TC" ? "P2P" : type === "E2E_TC" ? "E2E" : undefined
  const isOther = (port?: string): boolean => value("delay_mechanism", port) !== mechanism
  return mechanism !== undefined && (isOther() || ports.some(isOther))
    ? [...few, `clock_type ${type}: needs delay_mechanism ${mechanism} in [global] and at every port`]
    : few
}

/** linuxptp clock.c, clock_create; config.c, config_harmonize_onestep. */
const roleFaults = (value: Value): ReadonlyArray<string> => {
  const stamps = value("time_stamping") ?? ""
  return [
    ...(value("gmCapable") === "0" && value("clientOnly") === "1"
      ? ["gmCapable 0: ptp4l does not take it together with clientOnly (-s)"]
      : []),
    ...(value("twoStepFlag") === "0" && withoutPhc.has(stamps)
      ? [`twoStepFlag 0: one step is not possible with time_stamping ${stamps}`]
      : [])
  ]
}

/** With these ptp4l steers the system clock, unless `-p` names another. */
const withoutPhc: ReadonlySet<string> = new Set(["software", "legacy"])

/** linuxptp clock.c, clock_create. */
const phaseFaults = (value: Value, options: ProgramOptions): ReadonlyArray<string> => {
  const steersSystemClock = withoutPhc.has(value("time_stamping") ?? "") && value("free_running") !== "1" &&
    !options.arguments.some(({ name }) => name === "p")
  return value("write_phase_mode") === "1" && steersSystemClock
    ? ["write_phase_mode 1: the system clock has no such mode"]
    : []
}

/** linuxptp port.c, port_open and port_initialize. */
const portFaults = (value: Value, port: string): ReadonlyArray<string> => [
  ...(value("BMCA", port) === "noop" && value("serverOnly", port) !== "1" && value("clientOnly") !== "1"
    ? [`BMCA noop: ${port} needs a fixed role, serverOnly or clientOnly`]
    : []),
  ...(value("inhibit_delay_req", port) === "1" && value("asCapable", port) !== "true"
    ? [`inhibit_delay_req 1: ${port} would stay FAULTY without asCapable true`]
    : [])
]

/** The peers of the tables, by id; `undefined` for a table without a peer. */
const tablesOf = (file: ConfigFile): ReadonlyMap<string, string | undefined> => {
  const peers = new Map<string, string | undefined>()
  let table = ""
  for (const { key, value } of entriesOf(file, unicastMasterTable)) {
    if (key === "table_id") table = value
    if (key === "table_id" || key === "peer_address") peers.set(table, key === "peer_address" ? value : undefined)
  }
  return peers
}

/** linuxptp unicast_client.c, unicast_client_initialize. */
const unicastFaults = (
  value: Value,
  port: string,
  tables: ReadonlyMap<string, string | undefined>
): ReadonlyArray<string> => {
  const table = value("unicast_master_table", port) ?? "0"
  if (table === "0") return []
  if (!tables.has(table)) return [`unicast_master_table ${table}: ${port} names a table that is not there`]
  const peer = tables.get(table)
  const transport = value("network_transport", port) ?? ""
  return peer === undefined || isAddressOf[transport]?.(peer) === true
    ? []
    : [`unicast_master_table ${table}: its peer_address is no address of ${transport}, which ${port} uses`]
}

/** linuxptp sad.c, sad_readiness_check; port.c, port_open. The management socket is a port too; it has no section. */
const securityFaults = (value: Value, port: string): ReadonlyArray<string> => {
  const spp = value("spp", port) ?? "-1"
  const key = value("active_key_id", port) ?? "0"
  if (spp === "-1") return key === "0" ? [] : [`active_key_id ${key}: needs spp`]
  const stamps = value("time_stamping") ?? ""
  const isOneStep = ["onestep", "p2p1step"].includes(stamps) || value("twoStepFlag") === "0"
  return [
    ...(value("sa_file") === undefined ? [`spp ${spp}: needs sa_file`] : []),
    ...(key === "0" ? [`spp ${spp}: needs active_key_id`] : []),
    ...(isOneStep ? [`spp ${spp}: is not possible with one step`] : []),
    ...(value("ptp_minor_version") === "0" ? [`spp ${spp}: needs ptp_minor_version 1`] : [])
  ]
}
