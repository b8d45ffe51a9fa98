/**
 * The names of processes and of their directories. An id depends only on program, object and profile, not on a position
 * in a list, so an edit of another profile never renames a process. The digest comes from node's crypto, the only part
 * of the platform that a service may use: Effect's own digest is an Effect, and this function must be pure.
 */
import { createHash } from "node:crypto"
import type { Program } from "../linuxptp/Program.ts"

/** The longest path of a UNIX socket in bytes, without the final zero (unix(7): sun_path has 108). */
export const longestSocketPath = 107

/**
 * `<program>-<profile, at most 24 safe characters>-<8 hex digits of SHA-256 over object and profile name>`. Names of
 * objects contain no slash, so two different pairs never give the same text. Their digests may still be equal; then
 * ProfileConflicts refuses one of them.
 */
export const processId = (program: Program, config: string, profile: string): string => {
  const safe = profile.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 24)
  const digest = createHash("sha256").update(`${config}/${profile}`).digest("hex")
  return `${program}-${safe}-${digest.slice(0, 8)}`
}
