/**
 * Names of processes and of their directories. An id depends on nothing but program, object and profile: never on a
 * position in a list, so that an edit beside a profile can't rename its processes.
 */
import type { Program } from "../processes/ProcessSpec.ts"
import { sha256Hex } from "./Sha256.ts"

/** Bytes of a UNIX socket path without its end (unix(7): sun_path has 108). */
export const longestSocketPath = 107

/**
 * `<program>-<profile, at most 24 safe characters>-<8 hex digits of SHA-256 over object and profile name>`. Object
 * names have no slash, so two different pairs never are the same text.
 */
export const processId = (program: Program, config: string, profile: string): string => {
  const safe = profile.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 24)
  return `${program}-${safe}-${sha256Hex(`${config}/${profile}`).slice(0, 8)}`
}
