/**
 * What was valid when it was last seen: a mistake in an object or a profile never stops what runs. `decide` reads it
 * and gives the next one; it is a schema, so that it can outlive the daemon on disk.
 */
import { Schema } from "effect"
import { NodePTPCfg, PtpProfile } from "../kubernetes/NodePTPCfg.ts"

/** The last version of a profile that could run, and the object's generation then. */
export const ValidProfile = Schema.Struct({
  uid: Schema.String,
  profile: PtpProfile,
  generation: Schema.optionalKey(Schema.Int)
})
export type ValidProfile = typeof ValidProfile.Type

/** The last valid versions of all objects and profiles that are there. */
export const LastValid = Schema.Struct({
  /** One for each object that is there and could once be read. */
  objects: Schema.Array(NodePTPCfg),
  /** One for each profile that is there and was once valid. */
  profiles: Schema.Array(ValidProfile)
})
export type LastValid = typeof LastValid.Type

/** The memory of a daemon that has seen nothing yet. */
export const emptyLastValid: LastValid = { objects: [], profiles: [] }
