/**
 * Every option of linuxptp's configuration (config.c, config_tab): where it may be written, its type, its default and
 * the release that introduced it. `Setting` reads a user's text by this table and decides which options a user may set.
 */
import { clockOptions } from "./ConfigOptionClock.ts"
import { portOptions } from "./ConfigOptionPort.ts"
import { type ConfigOption, isInRelease, type Release } from "./ConfigOptionRow.ts"
import { ts2phcOptions } from "./ConfigOptionTs2phc.ts"
import type { LinuxptpVersion } from "./LinuxptpVersion.ts"

/** Names that a release replaced. Both spellings are accepted; the one of the installed version is written. */
const renamedInRelease4 = [["slaveOnly", "clientOnly"], ["masterOnly", "serverOnly"]] as const

/** linuxptp config.c, check_deprecated_options: these names were replaced before 2.0. */
const replacedNames: ReadonlyMap<string, string> = new Map([
  ["pi_offset_const", "step_threshold"],
  ["pi_f_offset_const", "first_step_threshold"],
  ["pi_max_frequency", "max_frequency"]
])

const rowsByName: ReadonlyMap<string, ReadonlyArray<ConfigOption>> = Map.groupBy(
  [...clockOptions, ...portOptions, ...ts2phcOptions],
  (row) => row.name
)

/** How `version` spells the option `name`: `slaveOnly` is `clientOnly` from 4.0 on, and the reverse before. */
export const currentName = (version: LinuxptpVersion, name: string): string => {
  for (const [before, after] of renamedInRelease4) {
    if (name === before || name === after) return isInRelease(version, "4.0") ? after : before
  }
  return replacedNames.get(name) ?? name
}

/**
 * Finds an option by its current or former name. If `version` does not have it, the result is the release that
 * introduced it.
 */
export const findConfigOption = (
  version: LinuxptpVersion,
  name: string
): ConfigOption | { readonly since: Release } | undefined => {
  const rows = rowsByName.get(currentName(version, name))
  return rows?.findLast((row) => isInRelease(version, row.since)) ?? (rows?.[0] && { since: rows[0].since })
}

/** Whether some release has the option `name`. */
export const isConfigOptionName = (name: string): boolean => rowsByName.has(name) || replacedNames.has(name)

/** Names known to `version` that begin with `prefix`. getopt_long accepts a unique beginning as the whole name. */
export const namesBeginningWith = (version: LinuxptpVersion, prefix: string): ReadonlyArray<string> =>
  [...rowsByName.keys(), ...replacedNames.keys()].filter((name) => {
    if (!name.startsWith(prefix)) return false
    const option = findConfigOption(version, name)
    return option !== undefined && "type" in option
  })
