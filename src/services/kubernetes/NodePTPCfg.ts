/**
 * The kind NodePTPCfg, which people write: profiles of linuxptp and the nodes they are for. Profile selection and
 * planning read it. This file does not check whether linuxptp understands the options and configuration texts.
 */
import { Predicate, Result, Schema, SchemaParser } from "effect"
import { type FieldProblem, fieldProblems, showValue } from "./FieldProblems.ts"
import type { KubernetesObject, ResourceType } from "./KubernetesObject.ts"

/** The kind, as the API server names it. */
export const nodePTPCfgs: ResourceType = {
  group: "ptp.openshift.io",
  version: "v1",
  plural: "nodeptpcfgs",
  kind: "NodePTPCfg",
  namespaced: true
}

const nameExpected = "a text of at most 253 characters without control characters"
const ProfileName = Schema.String.check(
  Schema.isPattern(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,253}$/u, { expected: nameExpected })
)

const Text = Schema.optionalKey(Schema.String)

const integer = (expected: string, minimum: number, maximum: number) =>
  Schema.Number.annotate({ expected }).check(
    Schema.isInt({ expected }),
    Schema.isBetween({ minimum, maximum }, { expected })
  )

const Nanoseconds = integer("an integer of nanoseconds", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)

/** A text field that is present is never blank: see `withoutBlanks`. */
export const PtpProfile = Schema.Struct({
  name: ProfileName,
  interface: Text,
  ptp4lOpts: Text,
  phc2sysOpts: Text,
  timemasterOpts: Text,
  ts2phcOpts: Text,
  ptp4lConf: Text,
  phc2sysConf: Text,
  timemasterConf: Text,
  ts2phcConf: Text,
  ptpSchedulingPolicy: Schema.optionalKey(Schema.Literals(["SCHED_OTHER", "SCHED_FIFO"])),
  ptpSchedulingPriority: Schema.optionalKey(integer("an integer from 1 to 65", 1, 65)),
  ptpClockThreshold: Schema.optionalKey(Schema.Struct({
    holdOverTimeout: Schema.optionalKey(integer("an integer of seconds, at least 0", 0, Number.MAX_SAFE_INTEGER)),
    maxOffsetThreshold: Schema.optionalKey(Nanoseconds),
    minOffsetThreshold: Schema.optionalKey(Nanoseconds)
  })),
  ptpSettings: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})
export type PtpProfile = typeof PtpProfile.Type

/** Matches a node if at least one of its fields matches. */
export const MatchRule = Schema.Struct({ nodeLabel: Text, nodeName: Text })
export type MatchRule = typeof MatchRule.Type

/** Which nodes a profile is for, and its priority there; 0 is the highest. */
export const Recommendation = Schema.Struct({
  profile: ProfileName,
  priority: Schema.optionalKey(integer("an integer of at least 0", 0, Number.MAX_SAFE_INTEGER)),
  match: Schema.optionalKey(Schema.Array(MatchRule))
})
export type Recommendation = typeof Recommendation.Type

/** The spec of the kind. */
export const NodePTPCfgSpec = Schema.Struct({
  profile: Schema.optionalKey(Schema.Array(PtpProfile)),
  recommend: Schema.optionalKey(Schema.Array(Recommendation))
})

/** An object whose spec could be read. It is a schema because the last valid version of an object is kept on disk. */
export const NodePTPCfg = Schema.Struct({
  name: Schema.String,
  /** See `objectUid`. */
  uid: Schema.String,
  generation: Schema.optionalKey(Schema.Int),
  profiles: Schema.Array(PtpProfile),
  recommend: Schema.Array(Recommendation)
})
export type NodePTPCfg = typeof NodePTPCfg.Type

/**
 * The identity of an object: its uid, or namespace and name if it has no uid because it does not come from an API
 * server.
 */
export const objectUid = (object: KubernetesObject): string =>
  object.metadata.uid ?? `${object.metadata.namespace ?? ""}/${object.metadata.name}`

/**
 * Absent, null, "" and blanks all mean that a field is not given; the API server removes null as well. `depth` reaches
 * the settings of a profile and no further, because deeper values are not fields of this kind.
 */
const withoutBlanks = (value: unknown, depth: number): unknown => {
  if (depth === 0) return value
  if (Array.isArray(value)) return value.map((item: unknown) => withoutBlanks(item, depth - 1))
  if (!Predicate.isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null && !(typeof field === "string" && field.trim() === ""))
      .map(([name, field]) => [name, withoutBlanks(field, depth - 1)])
  )
}

const decodeSpec = SchemaParser.decodeUnknownResult(NodePTPCfgSpec, { errors: "all", reportInput: true })

/** Reads the spec of an object. Unknown fields are ignored, and every wrong field gives one row. */
export const decodeNodePTPCfg = (
  object: KubernetesObject
): Result.Result<NodePTPCfg, ReadonlyArray<FieldProblem>> => {
  if (!Predicate.hasProperty(object, "spec") || object["spec"] === null) {
    return Result.fail([{ path: "spec", message: "is missing" }])
  }
  return decodeSpec(withoutBlanks(object["spec"], 5)).pipe(
    Result.mapError((issue) => fieldProblems(issue, "spec")),
    Result.flatMap((spec) => {
      const profiles = spec.profile ?? []
      const twice = namesGivenTwice(profiles)
      if (twice.length > 0) return Result.fail(twice)
      return Result.succeed({
        name: object.metadata.name,
        uid: objectUid(object),
        ...(object.metadata.generation === undefined ? {} : { generation: object.metadata.generation }),
        profiles,
        recommend: spec.recommend ?? []
      })
    })
  )
}

const namesGivenTwice = (profiles: ReadonlyArray<PtpProfile>): ReadonlyArray<FieldProblem> => {
  const first = new Map<string, number>()
  return profiles.flatMap((profile, index) => {
    const earlier = first.get(profile.name)
    if (earlier !== undefined) {
      const message = `must be unique in its object: ${showValue(profile.name)} is the name of spec.profile[${earlier}]`
      return [{ path: `spec.profile[${index}].name`, message }]
    }
    first.set(profile.name, index)
    return []
  })
}
