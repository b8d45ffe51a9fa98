/**
 * What is remembered about versions of profiles: which were valid last, which worked last, and which were rejected.
 * With it a mistake in an object or a profile never stops what runs. `decide` reads this memory and returns the next
 * one. It is a schema, because it is saved to disk.
 */
import { Equal, Schema } from "effect"
import { NodePTPCfg, PtpProfile } from "../kubernetes/NodePTPCfg.ts"

/** A version of a profile, and the generation of its object at that time. */
export const ValidProfile = Schema.Struct({
  uid: Schema.String,
  profile: PtpProfile,
  generation: Schema.optionalKey(Schema.Int)
})
export type ValidProfile = typeof ValidProfile.Type

/** A version in the form in which it is remembered. */
export const validProfile = (uid: string, profile: PtpProfile, generation: number | undefined): ValidProfile => ({
  uid,
  profile,
  ...(generation === undefined ? {} : { generation })
})

/** Whether the other one is a version of the same profile. */
export const isOfSameProfile = ({ profile, uid }: ValidProfile) => (other: ValidProfile): boolean =>
  other.uid === uid && other.profile.name === profile.name

/** Whether the other one is the same version: the same text, whatever the generation. */
export const isSameVersion = (version: ValidProfile) => (other: ValidProfile): boolean =>
  isOfSameProfile(version)(other) && Equal.equals(version.profile, other.profile)

/** A version that runs by a decision, and its processes. Their statuses show whether it works or does not start. */
export interface RunningVersion extends ValidProfile {
  readonly processIds: ReadonlyArray<string>
}

/** A version that passes every check but does not run. */
export const RejectedProfile = Schema.Struct({
  ...ValidProfile.fields,
  /** "Refused" by the program's own check, before anything was changed, or "FailedToStart". */
  by: Schema.Literals(["Refused", "FailedToStart"]),
  /** The program's own words. */
  message: Schema.String,
  /**
   * Set if the program complained of the text itself, so that the next start would end in the same way. Otherwise it is
   * tried again (Trials). Files of earlier daemons do not tell, and their rejections are tried again too.
   */
  isFinal: Schema.optionalKey(Schema.Boolean),
  /** The linuxptp that did not run it; absent until that is known. */
  linuxptp: Schema.optionalKey(Schema.String),
  /**
   * The NICs that it names and that existed at that time, with or without a PHC; absent until the node's NICs are
   * known.
   */
  nics: Schema.optionalKey(Schema.Array(Schema.Struct({ name: Schema.String, hasPhc: Schema.Boolean })))
})
export type RejectedProfile = typeof RejectedProfile.Type

/** Which profile a recommendation meant when that ran: the uid of the object with the recommendation, and of the holder. */
export const Reference = Schema.Struct({ by: Schema.String, profile: Schema.String, holder: Schema.String })
export type Reference = typeof Reference.Type

/** At most one object, valid profile and profile that worked for every existing object and profile. */
export const VersionMemory = Schema.Struct({
  /** Objects in the last form that could be read. */
  objects: Schema.Array(NodePTPCfg),
  /** Profiles in the last form that was valid. */
  profiles: Schema.Array(ValidProfile),
  /** Profiles in the last form that ran on this node with every process ready. */
  worked: Schema.Array(ValidProfile),
  /** Versions that are not to be tried again before the next edit. Mostly these are the versions in the objects. */
  rejected: Schema.Array(RejectedProfile),
  /** The recommendations that ran. A name that means nothing any more keeps the meaning that it had. */
  references: Schema.optionalKey(Schema.Array(Reference))
})
export type VersionMemory = typeof VersionMemory.Type

/** The memory of a daemon that has seen nothing yet. */
export const emptyVersionMemory: VersionMemory = { objects: [], profiles: [], worked: [], rejected: [] }
