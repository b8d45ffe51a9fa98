/**
 * Names of processes and of their directories. An id depends on nothing but program, object and profile: never on a
 * position in a list, so that an edit beside a profile can't rename its processes. The digest is node's, the one thing of the platform that a
 * service may use: Effect's own is an effect, and this has to be pure.
 */
import { createHash } from "node:crypto"
import type { Program } from "../linuxptp/Program.ts"

/** Bytes of a UNIX socket path without its end (unix(7): sun_path has 108). */
export const longestSocketPath = 107

/**
 * `<program>-<profile, at most 24 safe characters>-<8 hex digits of SHA-256 over object and profile name>`. Object
 * names have no slash, so two different pairs never are the same text.
 */
export const processId = (program: Program, config: string, profile: string): string => {
  const safe = profile.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 24)
  const digest = createHash("sha256").update(`${config}/${profile}`).digest("hex")
  return `${program}-${safe}-${digest.slice(0, 8)}`
}
