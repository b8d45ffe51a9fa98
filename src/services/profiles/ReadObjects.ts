/**
 * All NodePTPCfg objects as configurations: one that can't be read counts as its last valid version, or as absent.
 */
import { Equal, Result } from "effect"
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import { decodeNodePTPCfg, type NodePTPCfg, objectUid } from "../kubernetes/NodePTPCfg.ts"
import type { Problem } from "./Decision.ts"
import { byText } from "./ResultOrder.ts"

/** The configurations that count, and what could not be read. */
export interface ObjectsReading {
  /** Sorted by name. They are also what is to be remembered as last valid. */
  readonly configs: ReadonlyArray<NodePTPCfg>
  readonly problems: ReadonlyArray<Problem>
}

/**
 * What the objects of one decision were decoded to, for the next one: those that did not change are the same values
 * from one watch event to the next, and need no second reading.
 */
export type KnownObjects = ReadonlyMap<KubernetesObject, DecodedObject>

type DecodedObject = ReturnType<typeof decodeNodePTPCfg>

/** Reads every object. `remembered` are the configurations of the reading before, `before` its objects. */
export const readObjects = (
  objects: ReadonlyArray<KubernetesObject>,
  remembered: ReadonlyArray<NodePTPCfg>,
  before: KnownObjects
): ObjectsReading & { readonly known: KnownObjects } => {
  const lastValid = new Map(remembered.map((config) => [config.uid, config]))
  const known = new Map<KubernetesObject, DecodedObject>()
  const decode = (object: KubernetesObject): DecodedObject => {
    const decoded = before.get(object) ?? decodeNodePTPCfg(object)
    known.set(object, decoded)
    return decoded
  }
  const readings = [...Map.groupBy(objects, nameOf).values()].map((group) => readGroup(group, lastValid, decode))
  return {
    known,
    configs: readings.flatMap(({ configs }) => configs).sort((a, b) => byText(a.name, b.name) || byText(a.uid, b.uid)),
    problems: readings.flatMap(({ problems }) => problems)
  }
}

const nameOf = ({ metadata }: KubernetesObject): string => `${metadata.namespace ?? ""}/${metadata.name}`

/** Objects of one name. An API server has one; files may have more, and then none is more right than another. */
const readGroup = (
  group: ReadonlyArray<KubernetesObject>,
  lastValid: ReadonlyMap<string, NodePTPCfg>,
  decode: (object: KubernetesObject) => DecodedObject
): ObjectsReading => {
  const [object, ...others] = group.toSorted((a, b) => byText(objectUid(a), objectUid(b)))
  if (object === undefined) return { configs: [], problems: [] }
  const problem = (path: string, message: string): Problem => ({
    severity: "error",
    config: object.metadata.name,
    path,
    message
  })
  if (others.some((other) => !Equal.equals(other["spec"], object["spec"]))) {
    const problems = [problem("metadata.name", `${group.length} different objects have this name: none of them counts`)]
    return fallBack(object, lastValid, problems)
  }
  const again: Problem = { ...problem("metadata.name", `is given ${group.length} times`), severity: "warning" }
  const repeated = others.length === 0 ? [] : [again]
  return Result.match(decode(object), {
    onSuccess: (config) => ({ configs: [config], problems: repeated }),
    onFailure: (fields) => {
      const problems = fields.map(({ message, path }) => problem(path, message))
      return fallBack(object, lastValid, [...repeated, ...problems])
    }
  })
}

const fallBack = (
  object: KubernetesObject,
  lastValid: ReadonlyMap<string, NodePTPCfg>,
  problems: ReadonlyArray<Problem>
): ObjectsReading => {
  const config = lastValid.get(objectUid(object))
  if (config === undefined) return { configs: [], problems }
  const message = `is not valid: its last valid version${generationText(config.generation)} counts instead`
  const note: Problem = { severity: "warning", config: config.name, path: "spec", message }
  return { configs: [config], problems: [...problems, note] }
}

/** ` (generation 3)`, or nothing for an object that no API server counted. */
export const generationText = (generation: number | undefined): string =>
  generation === undefined ? "" : ` (generation ${generation})`
