/**
 * What is remembered of configurations: what was valid when it was last seen, what worked when it last ran, and what
 * turned out not to start. A mistake in an object or a profile never stops what runs. `decide` reads the memory and
 * gives the next one; it is a schema, because it outlives the daemon on disk.
 */
import { Equal, Schema } from "effect"
import { NodePTPCfg, PtpProfile } from "../kubernetes/NodePTPCfg.ts"

/** A version of a profile and its object's generation then. */
export const ValidProfile = Schema.Struct({
  uid: Schema.String,
  profile: PtpProfile,
  generation: Schema.optionalKey(Schema.Int)
})
export type ValidProfile = typeof ValidProfile.Type

/** A version as it is remembered. */
export const validProfile = (uid: string, profile: PtpProfile, generation: number | undefined): ValidProfile => ({
  uid,
  profile,
  ...(generation === undefined ? {} : { generation })
})

/** The other one is a version of the same profile. */
export const isOfSameProfile = ({ profile, uid }: ValidProfile) => (other: ValidProfile): boolean =>
  other.uid === uid && other.profile.name === profile.name

/** The other one is the same version: whatever its generation, the same text. */
export const isSameVersion = (version: ValidProfile) => (other: ValidProfile): boolean =>
  isOfSameProfile(version)(other) && Equal.equals(version.profile, other.profile)

/** A version that runs by a decision, and its processes: by how these do it is known to work or not to start. */
export interface RunningVersion extends ValidProfile {
  readonly processIds: ReadonlyArray<string>
}

/** A version that decodes and passes every check, and yet does not run. */
export const RejectedProfile = Schema.Struct({
  ...ValidProfile.fields,
  /** "Refused" by the program's own check, before anything was touched; or it "FailedToStart". */
  by: Schema.Literals(["Refused", "FailedToStart"]),
  /** The program's own words. */
  message: Schema.String,
  /** NICs that it names and that were there then, with or without a PHC; absent until the node's NICs were seen. */
  nics: Schema.optionalKey(Schema.Array(Schema.Struct({ name: Schema.String, hasPhc: Schema.Boolean })))
})
export type RejectedProfile = typeof RejectedProfile.Type

/** At most one of each for every object and profile that is there. */
export const VersionMemory = Schema.Struct({
  /** Objects as they could last be read. */
  objects: Schema.Array(NodePTPCfg),
  /** Profiles as they were last valid. */
  profiles: Schema.Array(ValidProfile),
  /** Profiles as they last ran on this node with every process of them ready. */
  worked: Schema.Array(ValidProfile),
  /** The version that is not to be tried again before the next edit: mostly the one that stands in the object. */
  rejected: Schema.Array(RejectedProfile)
})
export type VersionMemory = typeof VersionMemory.Type

/** The memory of a daemon that has seen nothing yet. */
export const emptyVersionMemory: VersionMemory = { objects: [], profiles: [], worked: [], rejected: [] }
