/**
 * One row of linuxptp's option table, and the releases that introduced options. An option whose type or default has
 * changed has one row for each form, the oldest first.
 */
import { formatLinuxptpVersion, isAtLeast, type LinuxptpVersion } from "./LinuxptpVersion.ts"
import type { ValueType } from "./ValueType.ts"

/** A release that introduced options. `after 4.4` is linuxptp's development since 4.4, which is not released yet. */
export type Release = "2.0" | "3.0" | "3.1" | "4.0" | "4.1" | "4.2" | "4.3" | "4.4" | "after 4.4"

export interface ConfigOption {
  readonly name: string
  /** A `port` option may also be written in `[global]`; there it is the value for all ports. */
  readonly scope: "global" | "port"
  readonly type: ValueType
  /** linuxptp's own value, in canonical form; `undefined` where it has none. */
  readonly default: string | undefined
  readonly since: Release
}

const firstVersion: Readonly<Record<Release, readonly [major: number, minor: number]>> = {
  "2.0": [2, 0],
  "3.0": [3, 0],
  "3.1": [3, 1],
  "4.0": [4, 0],
  "4.1": [4, 1],
  "4.2": [4, 2],
  "4.3": [4, 3],
  "4.4": [4, 4],
  "after 4.4": [4, 5]
}

/** Whether `version` contains what `release` introduced. */
export const isInRelease = (version: LinuxptpVersion, release: Release): boolean =>
  isAtLeast(version, ...firstVersion[release])

/** The sentence that says why an option of `release` does not exist in `version`. */
export const explainMissing = (version: LinuxptpVersion, release: Release): string =>
  (release === "after 4.4" ? "comes after linuxptp 4.4" : `comes with linuxptp ${release}`) +
  `; installed is ${formatLinuxptpVersion(version)}`

/** A row of an option that is only allowed in `[global]`. */
export const globalOption = (
  name: string,
  type: ValueType,
  initial: string | number | undefined,
  since: Release = "2.0"
): ConfigOption => ({ name, scope: "global", type, default: initial?.toString(), since })

/** A row of an option that a port section may override. */
export const portOption = (
  name: string,
  type: ValueType,
  initial: string | number | undefined,
  since: Release = "2.0"
): ConfigOption => ({ name, scope: "port", type, default: initial?.toString(), since })
