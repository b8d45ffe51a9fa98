/**
 * The section `[unicast_master_table]` of ptp4l: tables of masters to ask, each opened by its `table_id`. The peers it
 * names are hosts on the network, which a user may choose freely.
 */
import type { ConfigEntry, ConfigProblem, ConfigSection } from "./ConfigFile.ts"
import { isIpv4, isIpv6, isMac } from "./ValuePattern.ts"
import { integer, intMax, readValue, type ValueType, word } from "./ValueType.ts"

const transport = word("L2", "UDPv4", "UDPv6")

const isAddressOf: Readonly<Record<string, (address: string) => boolean>> = { L2: isMac, UDPv4: isIpv4, UDPv6: isIpv6 }

const numbers: Readonly<Record<string, ValueType>> = {
  table_id: integer(1, intMax),
  logQueryInterval: integer(-128, 127)
}

type Row = { readonly key: string; readonly value: string } | { readonly error: string }

/** linuxptp config.c, parse_unicast_mtab_line: keys in this case only, transports in any. */
const readRow = (entry: ConfigEntry): Row => {
  const type = numbers[entry.key]
  if (type !== undefined) {
    const read = readValue(type, entry.value)
    return "expected" in read ? { error: `expected ${read.expected}` } : { key: entry.key, value: read.value }
  }
  if (entry.key === "peer_address") {
    const isPeer = isMac(entry.value) || isIpv4(entry.value) || isIpv6(entry.value)
    return isPeer ? { key: entry.key, value: entry.value } : { error: "expected an address" }
  }
  const read = readValue(transport, entry.key)
  if ("expected" in read) return { error: "expected table_id, logQueryInterval, peer_address, L2, UDPv4 or UDPv6" }
  return isAddressOf[read.value]?.(entry.value) === true
    ? { key: read.value, value: entry.value }
    : { error: `expected an address of ${read.value}` }
}

/** Reads the rows of the section. Rows before the first `table_id` and a `table_id` used twice are errors. */
export const readUnicastMasterTable = (
  section: ConfigSection
): { readonly section: ConfigSection; readonly problems: ReadonlyArray<ConfigProblem> } => {
  const entries: Array<ConfigEntry> = []
  const problems: Array<ConfigProblem> = []
  const tables = new Set<string>()
  for (const entry of section.entries) {
    const row = readRow(entry)
    const report = (message: string) =>
      problems.push({ severity: "error", line: entry.line, option: entry.key.slice(0, 60), message })
    if ("error" in row) report(row.error)
    else if (row.key === "table_id" && tables.has(row.value)) report(`table ${row.value} stands here twice`)
    else if (row.key !== "table_id" && tables.size === 0) report("stands before the first table_id")
    else {
      if (row.key === "table_id") tables.add(row.value)
      entries.push({ ...row, line: entry.line })
    }
  }
  return { section: { name: "unicast_master_table", entries }, problems }
}
