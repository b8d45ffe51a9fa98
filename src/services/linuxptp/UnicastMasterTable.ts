/**
 * The section `[unicast_master_table]` of ptp4l: tables of masters to ask, each begun by its `table_id`. The masters
 * are hosts on the network, which a user may choose freely.
 */
import { type ConfigEntry, type ConfigProblem, type ConfigSection, isComment, unread } from "./ConfigFile.ts"
import { isIpv4, isIpv6, isMac } from "./ValuePattern.ts"
import { intMax, readValue, text, type ValueType, word } from "./ValueType.ts"

/** The name of the section. */
export const unicastMasterTable = "unicast_master_table"

const transport = word("L2", "UDPv4", "UDPv6")

/** Whether a text is an address of a transport. */
export const isAddressOf: Readonly<Record<string, (address: string) => boolean>> = {
  L2: isMac,
  UDPv4: isIpv4,
  UDPv6: isIpv6
}

/**
 * Numbers of this section are read by sscanf with %d: always decimal, so that 0x2 would be 0 and 010 would be ten. In
 * all other places linuxptp reads them as hexadecimal and octal.
 */
const decimalInteger = (min: number, max: number): ValueType =>
  text(
    `a decimal number from ${min} to ${max}`,
    (value) => /^[+-]?[0-9]{1,10}$/.test(value) && Number(value) >= min && Number(value) <= max,
    (value) => String(Number(value) + 0)
  )

/** The pause between questions to a master is an interval as those between messages are. */
const numbers: ReadonlyMap<string, ValueType> = new Map([
  ["table_id", decimalInteger(1, intMax)],
  ["logQueryInterval", decimalInteger(-8, 8)]
])

type Row = { readonly key: string; readonly value: string } | { readonly error: string }

/**
 * linuxptp config.c, parse_unicast_mtab_line: keys only in this case, transports in upper or lower case. What follows the
 * value in its line is not read.
 */
const readRow = (entry: ConfigEntry): Row => {
  const type = numbers.get(entry.key)
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

/** Reads the rows of the section. Rows before its first `table_id` are errors. */
export const readUnicastMasterTable = (
  section: ConfigSection
): { readonly section: ConfigSection; readonly problems: ReadonlyArray<ConfigProblem> } => {
  const entries: Array<ConfigEntry> = []
  const problems: Array<ConfigProblem> = []
  let hasTable = false
  for (const { key, line, value } of section.entries) {
    const [first = "", ...rest] = value.split(/[ \t]+/)
    const entry: ConfigEntry = { key, value: first, line }
    if (!isComment(rest.join(" "))) problems.push(unread(line, key, rest.join(" ")))
    const row = readRow(entry)
    const report = (message: string) => problems.push({ severity: "error", line, option: key.slice(0, 60), message })
    if ("error" in row) report(row.error)
    else if (row.key !== "table_id" && !hasTable) report("stands before the first table_id")
    else {
      hasTable = true
      entries.push({ ...row, line })
    }
  }
  return { section: { name: unicastMasterTable, entries }, problems }
}

/** A `table_id` may occur only once in the whole file; ptp4l ends if it is repeated. */
export const findRepeatedTables = (sections: ReadonlyArray<ConfigSection>): ReadonlyArray<ConfigProblem> => {
  const tables = sections.filter((section) => section.name === unicastMasterTable)
  const ids = tables.flatMap((section) => section.entries).filter((entry) => entry.key === "table_id")
  const seen = new Set<string>()
  return ids.flatMap(({ line, value }) => {
    if (!seen.has(value)) {
      seen.add(value)
      return []
    }
    return { severity: "error" as const, line, option: "table_id", message: `table ${value} is there already` }
  })
}
