/**
 * Finds the value of an option that linuxptp will use: from a port's section, the command line, `[global]`, or its own
 * default. The planner needs it for settings on which several processes must agree, such as the domain number.
 */
import { type ConfigFile, entriesOf } from "./ConfigFile.ts"
import { currentName, findConfigOption } from "./ConfigOption.ts"
import type { LinuxptpVersion } from "./LinuxptpVersion.ts"
import type { Argument } from "./Options.ts"
import type { Program } from "./Program.ts"
import { findShortOption } from "./ShortOption.ts"

/** The options of one process after they were read, in canonical form. */
export interface ProgramOptions {
  readonly program: Program
  readonly version: LinuxptpVersion
  readonly arguments: ReadonlyArray<Argument>
  readonly file: ConfigFile
}

/** The value that `argument` gives to the configuration option `name`, if any. */
const valueOnCommandLine = (
  { program, version }: ProgramOptions,
  argument: Argument,
  name: string
): string | undefined => {
  if (argument.name.length > 1) return argument.name === name ? argument.value : undefined
  const option = findShortOption(program, version, argument.name)
  if (option === undefined || "missingBefore" in option || option.sets === undefined) return undefined
  return currentName(version, option.sets.name) === name ? option.sets.value ?? argument.value : undefined
}

const lastIn = (file: ConfigFile, section: string, name: string): string | undefined =>
  entriesOf(file, section).findLast((entry) => entry.key === name)?.value

/**
 * The canonical value of `name` (in any release's spelling), for `port` if one is given. As in linuxptp (config.c,
 * parse_item and config_find_item), a port's section has precedence over the command line, the command line over
 * `[global]`, and the last of several values wins. `undefined`: linuxptp has no such option, or no value for it.
 */
export const optionValue = (options: ProgramOptions, name: string, port?: string): string | undefined => {
  const current = currentName(options.version, name)
  const option = findConfigOption(options.version, name)
  return (port === undefined ? undefined : lastIn(options.file, port, current)) ??
    options.arguments.map((argument) => valueOnCommandLine(options, argument, current)).findLast((value) =>
      value !== undefined
    ) ??
    lastIn(options.file, "global", current) ??
    (option !== undefined && "default" in option ? option.default : undefined)
}
